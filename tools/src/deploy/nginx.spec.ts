import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, request, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { deferred } from '@lovage/foundation';
import { eventually, startTypeScript, testDatabase, type TestDatabase, type TestProcess } from '@lovage/testing';
import { nginxPath, nginxVariables, startNginx, type TestNginx } from '../testing/nginx.ts';

const GATEWAY = fileURLToPath(new URL('../../../apps/gateway/src/main.ts', import.meta.url));
const ADMIN = { email: 'admin@example.org', password: 'correct horse battery' };
const BODY_LIMIT = 64 * 1024;
const FILES_LIMIT = 1024 ** 2;
const NAME = 'nginx in front of the gateway';

if (nginxPath === undefined) process.stderr.write(`skipped, for nginx is not installed: ${NAME}\n`);
const describeWithNginx = nginxPath === undefined ? describe.skip : describe;

test.each([
  ['1MiB', '1048576'],
  ['512KB', '524288'],
  ['2 g', '2147483648'],
  ['1000', '1000'],
  ['1b', '1'],
])('a limit of %s is %s bytes', (text, bytes) => {
  expect(nginxVariables({ BODY_LIMIT: text })['LOVAGE_BODY_BYTES']).toBe(bytes);
});

test.each(['', '1PB', 'big', '1;', '-1'])('the limit %j: the default where it is empty, else refused', (text) => {
  if (text === '') expect(nginxVariables({ BODY_LIMIT: text })['LOVAGE_BODY_BYTES']).toBe('1048576');
  else expect(() => nginxVariables({ BODY_LIMIT: text })).toThrow(/BODY_LIMIT is/);
});

describeWithNginx(NAME, () => {
  let db: TestDatabase;
  let dataDir: string;
  let gateway: TestProcess;
  let nginx: TestNginx;

  beforeAll(async () => {
    db = await testDatabase();
    dataDir = mkdtempSync(join(tmpdir(), 'lovage-data-'));
    gateway = await startTypeScript(GATEWAY, [], {
      env: {
        NODE_ENV: 'production',
        DATABASE_URL: db.url,
        BROKER_URL: undefined,
        DATA_DIR: dataDir,
        PORT: '0',
        JWT_SECRET: 'j'.repeat(32),
        ADMIN_EMAIL: ADMIN.email,
        ADMIN_PASSWORD: ADMIN.password,
        BODY_LIMIT: '64KB',
        FILES_LIMIT: '1MiB',
        TRUST_PROXY: '127.0.0.1',
        DASHBOARD_DIR: join(dataDir, 'not-built'),
      },
      ready: '"msg":"ready"',
    });
    const { url } = JSON.parse(await gateway.line('"msg":"ready"')) as { url: string };
    nginx = await startNginx({ LOVAGE_GATEWAY: new URL(url).host, BODY_LIMIT: '64KB', FILES_LIMIT: '1MiB' });
  }, 120_000);

  afterAll(async () => {
    await nginx?.[Symbol.asyncDispose]();
    await gateway?.[Symbol.asyncDispose]();
    await db?.[Symbol.asyncDispose]();
    if (dataDir) rmSync(dataDir, { recursive: true, force: true });
  });

  const login = async (): Promise<string> => {
    const answer = await fetch(`${nginx.url}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(ADMIN),
    });
    expect(answer.status).toBe(200);
    return ((await answer.json()) as { accessToken: string }).accessToken;
  };
  const upload = (bytes: number, headers: Record<string, string> = {}): Promise<Response> => {
    const form = new FormData();
    form.append('file', new Blob([new Uint8Array(bytes)]), 'zeros.bin');
    return fetch(`${nginx.url}/api/files`, { method: 'POST', headers, body: form });
  };

  test('the docs pass through as they are', async () => {
    const page = await fetch(`${nginx.url}/docs`);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html']);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    const script = await fetch(`${nginx.url}/docs/swagger-ui-bundle.js`);
    expect([script.status, (await script.text()).length > 100_000]).toEqual([200, true]);
    expect((await fetch(`${nginx.url}/openapi.json`)).status).toBe(200);
  });

  test('so does the dashboard, with its policy, and what it says while it is not built', async () => {
    const root = await fetch(nginx.url, { redirect: 'manual' });
    expect([root.status, root.headers.get('location')]).toEqual([302, '/dashboard']);
    const page = await fetch(`${nginx.url}/dashboard/tasks?q=state:FAILURE`);
    expect([page.status, await page.text()]).toEqual([503, expect.stringContaining('not built yet')]);
    expect(page.headers.get('content-security-policy')).toContain("style-src 'self';");
  });

  test('once it is built its files pass as they are, and a link into it leads to its page', async () => {
    const folder = join(dataDir, 'not-built');
    mkdirSync(join(folder, 'assets'), { recursive: true });
    writeFileSync(join(folder, 'assets/main-1a2B.js'), 'console.log(1)');
    writeFileSync(join(folder, 'assets/main-1a2B.js.gz'), gzipSync('console.log(1)'));
    writeFileSync(join(folder, 'index.html'), '<!doctype html><p>built</p>');
    // The slash within the name of a queue stays part of it.
    for (const path of ['', '/tasks/1?tab=logs', '/queues/a.b%2Fc']) {
      const page = await fetch(`${nginx.url}/dashboard${path}`);
      expect([path, page.status, await page.text()]).toEqual([path, 200, '<!doctype html><p>built</p>']);
      expect(page.headers.get('cache-control')).toBe('no-cache');
    }
    const script = await fetch(`${nginx.url}/dashboard/assets/main-1a2B.js`);
    expect([script.status, script.headers.get('content-encoding'), await script.text()]).toEqual([
      ...[200, 'gzip', 'console.log(1)'],
    ]);
    expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect((await fetch(`${nginx.url}/dashboard/assets/none-1a2B.js`)).status).toBe(404);
  });

  test('the limit of bodies is the gateway’s, to the byte', async () => {
    const authorization = `Bearer ${await login()}`;
    const send = (length: number) =>
      fetch(`${nginx.url}/api/tasks`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization },
        body: JSON.stringify({ pad: 'x'.repeat(length - '{"pad":""}'.length) }),
      });
    expect((await send(BODY_LIMIT)).status).toBe(422);
    const refused = await send(BODY_LIMIT + 1);
    expect([refused.status, refused.headers.get('content-type')]).toEqual([413, 'application/problem+json']);
    expect(await refused.json()).toMatchObject({
      type: 'urn:lovage:problem:body_too_large',
      status: 413,
      code: 'body_too_large',
      requestId: refused.headers.get('x-request-id'),
    });
  });

  test('files have a limit of their own; a stranger’s is refused by the gateway, not by a broken line', async () => {
    const authorization = `Bearer ${await login()}`;
    expect((await upload(FILES_LIMIT, { authorization })).status).toBe(201);
    expect((await upload(2 * FILES_LIMIT, { authorization })).status).toBe(413);
    expect((await upload(FILES_LIMIT)).status).toBe(401);
  });

  test('logins are counted by address, whatever the e-mail', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, () =>
        fetch(`${nginx.url}/api/auth/login`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{}',
        }),
      ),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status !== 429 && status !== 422)).toEqual([]);
    expect(refused.length).toBeGreaterThanOrEqual(15);
    expect(await refused[0]!.json()).toMatchObject({ status: 429, code: 'too_many_logins' });
    expect(refused[0]!.headers.get('retry-after')).toBe('10');
  });

  test('a login of more than 4 KiB is not passed on', async () => {
    const answer = await fetch(`${nginx.url}/api/auth/refresh`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ refreshToken: 'x'.repeat(5_000) }),
    });
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ code: 'body_too_large' });
  });

  test('an address has 500 requests open, not more', async () => {
    const { hostname, port } = new URL(nginx.url);
    const told: string[] = [];
    const sockets = Array.from({ length: 520 }, () => {
      // Not the address of the other tests.
      const socket = connect({ host: hostname, port: Number(port), localAddress: '127.0.0.9' });
      socket.on('error', () => undefined).on('data', (data) => told.push(data.toString()));
      socket.write('POST /api/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n');
      return socket;
    });
    await eventually(() => told.filter((text) => text.includes('too_many_requests')).length >= 20);
    expect(told.filter((text) => !text.includes('HTTP/1.1 429'))).toEqual([]);
    expect((await fetch(`${nginx.url}/health/live`)).status).toBe(200);
    for (const socket of sockets) socket.destroy();
  });

  test('the gateway knows clients by their own addresses, and believes no claim of theirs', async () => {
    // From other addresses of this machine than nginx's, each with a claim.
    const ask = (path: string, from: string, body?: unknown, token?: string) =>
      new Promise<{ status: number; json: unknown }>((resolve, reject) => {
        const asked = request(new URL(path, nginx.url), {
          method: body === undefined ? 'GET' : 'POST',
          localAddress: from,
          headers: {
            'x-forwarded-for': '8.8.8.8',
            'x-forwarded-host': 'evil.example.org',
            ...(body !== undefined && { 'content-type': 'application/json' }),
            ...(token !== undefined && { authorization: `Bearer ${token}` }),
          },
        });
        asked.on('error', reject).on('response', async (answer) => {
          let text = '';
          for await (const piece of answer.setEncoding('utf8')) text += piece as string;
          resolve({ status: answer.statusCode!, json: text && JSON.parse(text) });
        });
        asked.end(body === undefined ? undefined : JSON.stringify(body));
      });
    const tokens = (await ask('/api/auth/login', '127.0.0.2', ADMIN)).json as Record<string, string>;
    const { refreshToken, accessToken } = tokens;
    expect((await ask('/api/auth/logout', '127.0.0.3', { refreshToken }, accessToken)).status).toBe(204);
    // The session has ended, and its access token with it.
    const admin = (await ask('/api/auth/login', '127.0.0.4', ADMIN)).json as Record<string, string>;
    const read = await ask('/api/audit?action=auth.logout&limit=1', '127.0.0.4', undefined, admin['accessToken']);
    expect((read.json as { items: unknown[] }).items).toEqual([
      expect.objectContaining({ action: 'auth.logout', address: '127.0.0.3' }),
    ]);

    const wrong = { ...ADMIN, password: 'wrong' };
    const tries = await Promise.all(Array.from({ length: 12 }, () => ask('/api/auth/login', '127.0.0.5', wrong)));
    expect(tries.map(({ status }) => status).sort()).toEqual([...Array<number>(10).fill(401), 429, 429]);
    // Who is counted is he, and not everybody behind nginx.
    expect((await ask('/api/auth/login', '127.0.0.6', ADMIN)).status).toBe(200);
  });

  test.each(['/api/tasks/some-id/events?x=1', '/api/live?x=1'])(
    'events of %s arrive one by one, with the client’s address and nobody else’s word for it',
    async (path) => {
      const seen = deferred<{ headers: IncomingHttpHeaders; reply: ServerResponse }>();
      const upstream = createServer(({ headers }, reply) => {
        reply.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
        seen.resolve({ headers, reply });
      });
      await once(upstream.listen(0, '127.0.0.1'), 'listening');
      const gatewayAddress = `127.0.0.1:${(upstream.address() as AddressInfo).port}`;
      try {
        await using before = await startNginx({ LOVAGE_GATEWAY: gatewayAddress });
        const answer = await fetch(`${before.url}${path}`, {
          headers: { 'x-forwarded-for': '8.8.8.8', 'x-real-ip': '8.8.8.8', 'x-request-id': 'mine"1' },
        });
        const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
        const { headers, reply } = await seen.promise;
        // The second is not sent before the first has come.
        expect((await reader.read()).value).toBe('data: 1\n\n');
        reply.write('data: 2\n\n');
        expect((await reader.read()).value).toBe('data: 2\n\n');
        reply.end();
        expect((await reader.read()).done).toBe(true);
        expect(headers).toMatchObject({
          'x-forwarded-for': '127.0.0.1',
          'x-real-ip': '127.0.0.1',
          'x-forwarded-proto': 'http',
          'x-request-id': 'mine"1',
          host: new URL(before.url).host,
        });
      } finally {
        upstream.closeAllConnections();
        upstream.close();
      }
    },
  );

  test('without a gateway: a problem for programs, a page for people', async () => {
    await gateway.stop();
    const problem = await fetch(`${nginx.url}/api/tasks`, { method: 'POST', headers: { 'x-request-id': 'r-1' } });
    expect([problem.status, problem.headers.get('content-type')]).toEqual([502, 'application/problem+json']);
    expect([problem.headers.get('retry-after'), problem.headers.get('x-request-id')]).toEqual(['5', 'r-1']);
    expect(await problem.json()).toMatchObject({ status: 502, code: 'unreachable', errors: [], requestId: 'r-1' });
    const odd = await fetch(`${nginx.url}/api/tasks`, { headers: { 'x-request-id': 'a"b\\' } });
    expect(await odd.json()).toMatchObject({ status: 502, requestId: '' });
    const page = await fetch(`${nginx.url}/docs`);
    expect([page.status, page.headers.get('content-type')]).toEqual([502, 'text/html; charset=utf-8']);
    expect(await page.text()).toContain('<h1>The service cannot be reached</h1>');
    // Not to be had by their own names.
    expect((await fetch(`${nginx.url}/_refused/page`)).status).toBe(404);
  });
});
