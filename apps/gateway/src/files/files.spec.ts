import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { FileDocument, FileList } from '@lovage/http-api';
import { eventually } from '@lovage/testing';
import { TestGateway, type Ask } from '../testing/test-gateway.ts';

const LIMIT = 2 * 1024 ** 2;
let gateway: TestGateway;
let base: string;
beforeAll(async () => {
  gateway = await TestGateway.start({ filesLimit: LIMIT, listen: { host: '127.0.0.1', port: 0 } });
  base = await gateway.gateway.url;
});
afterAll(() => gateway[Symbol.asyncDispose]());

const BOUNDARY = 'x-boundary-x';
const part = (headers: string, content: Buffer | string) =>
  Buffer.concat([
    Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; ${headers}\r\n\r\n`),
    Buffer.from(content),
    Buffer.from('\r\n'),
  ]);
const form = (...parts: Buffer[]) => Buffer.concat([...parts, Buffer.from(`--${BOUNDARY}--\r\n`)]);
const file = (content: Buffer | string, name = 'cat.jpg') => part(`name="file"; filename="${name}"`, content);
const headers = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };
const upload = (body: Buffer, query = '', ask: Ask = {}) =>
  gateway.ask(`/api/files${query}`, { method: 'POST', body, headers, ...ask });
const unfinished = () => readdirSync(join(gateway.folder, '.unfinished'));

/** A request whose path is sent as it is: clients would tidy it up. */
async function raw(path: string, more: Record<string, string> = {}): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(base);
  const asked = httpRequest({ hostname, port, path, headers: { ...(await gateway.credentials('viewer')), ...more } });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode!, body: Buffer.concat(chunks).toString('latin1') };
}

describe('uploads', () => {
  test('a file is taken in, and returned as it was', async () => {
    const content = randomBytes(300_000);
    const answer = await upload(form(file(content)));
    expect(answer.status).toBe(201);
    const document = answer.json<FileDocument>();
    expect(document).toEqual({
      path: expect.stringMatching(/^uploads\/[0-9a-f-]{36}\/cat\.jpg$/),
      bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
    });
    expect(answer.headers['location']).toBe(`/api/files/${document.path}`);
    expect(readFileSync(join(gateway.folder, document.path)).equals(content)).toBe(true);
    const fetched = await fetch(`${base}/api/files/${document.path}`, { headers: await gateway.credentials('viewer') });
    expect(Buffer.from(await fetched.arrayBuffer()).equals(content)).toBe(true);
    expect(Object.fromEntries(fetched.headers)).toMatchObject({
      'content-type': 'image/jpeg',
      'content-length': String(content.length),
      'content-disposition': 'attachment; filename="cat.jpg"',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'accept-ranges': 'bytes',
    });
    expect(unfinished()).toEqual([]);
  });

  test('as browsers send it', async () => {
    const body = new FormData();
    body.append('file', new Blob(['hello']), 'grüße & co.txt');
    const answer = await fetch(`${base}/api/files`, { method: 'POST', body, headers: await gateway.credentials() });
    const { path } = (await answer.json()) as FileDocument;
    expect(path).toMatch(/\/grüße & co\.txt$/);
    const location = answer.headers.get('location')!;
    const back = await fetch(base + location, { headers: await gateway.credentials('viewer') });
    expect(await back.text()).toBe('hello');
    expect(back.headers.get('content-disposition')).toBe(
      'attachment; filename="gr__e & co.txt"; filename*=UTF-8\'\'gr%C3%BC%C3%9Fe%20%26%20co.txt',
    );
  });

  test('to a path, where nothing is', async () => {
    expect((await upload(form(file('one')), '?path=photos/a.txt')).json<FileDocument>().path).toBe('photos/a.txt');
    const again = await upload(form(file('two')), '?path=photos/a.txt');
    expect(again.status).toBe(409);
    expect(again.problem().code).toBe('file_exists');
    expect((await raw('/api/files/photos/a.txt')).body).toBe('one');
    expect(unfinished()).toEqual([]);
  });

  test.each(['../a', '/a', 'a/../../b', 'a%00b', '.unfinished/x', 'a%5cb', ''])('not to ?path=%s', async (path) => {
    const answer = await upload(form(file('x')), `?path=${path}`);
    expect(answer.status).toBe(422);
    expect(answer.problem().code).toBe('file_path_invalid');
  });

  test.each(['../../etc/passwd', '..', '/', 'C:\\x\\y.txt', 'a\u202eb', '.hidden'])(
    'a file that its sender calls %j gets a name inside',
    async (name) => {
      const { path } = (await upload(form(file('x', name)))).json<FileDocument>();
      expect(path).toMatch(/^uploads\/[0-9a-f-]{36}\/[^/.][^/]*$/);
      expect(existsSync(join(gateway.folder, path))).toBe(true);
    },
  );

  test.each([
    ['no file', form(part('name="a"', 'x'))],
    ['a field beside it', form(file('x'), part('name="a"', 'x'))],
    ['a field before it', form(part('name="a"', 'x'), file('x'))],
    ['two files', form(file('x'), file('y'))],
    ['an empty form', form()],
    ['a form that breaks off', file('x').subarray(0, -2)],
    ['no form', Buffer.from('hello')],
    ['nothing', Buffer.alloc(0)],
  ])('%s is refused, and nothing is kept', async (_what, body) => {
    const before = readdirSync(join(gateway.folder, 'uploads')).length;
    const answer = await upload(body);
    expect(answer.status).toBe(422);
    expect(answer.problem().code).toBe('body_invalid');
    expect(readdirSync(join(gateway.folder, 'uploads'))).toHaveLength(before);
    expect(unfinished()).toEqual([]);
  });

  test('what is too large is refused, told beforehand or not', async () => {
    const told = await upload(form(file(Buffer.alloc(LIMIT + 100_000))));
    expect(told.status).toBe(413);
    expect(told.problem().code).toBe('body_too_large');
    const asked = await fetch(`${base}/api/files`, {
      method: 'POST',
      headers: { ...headers, ...(await gateway.credentials()) },
      body: new Blob([form(file(Buffer.alloc(LIMIT + 1)))]).stream(),
      duplex: 'half',
    } as RequestInit);
    expect(asked.status).toBe(413);
    expect((await upload(form(file(Buffer.alloc(LIMIT))))).status).toBe(201);
    await eventually(() => unfinished().length === 0);
  });

  test('what follows the file counts, too', async () => {
    const epilogue = (async function* () {
      await Promise.resolve();
      yield form(file('x'));
      for (let n = 0; n < 40; n += 1) yield Buffer.alloc(64 * 1024);
    })();
    const asked = await fetch(`${base}/api/files`, {
      method: 'POST',
      headers: { ...headers, ...(await gateway.credentials()) },
      body: epilogue,
      duplex: 'half',
    } as unknown as RequestInit);
    expect(asked.status).toBe(413);
    await eventually(() => unfinished().length === 0);
  });

  test('of an upload that breaks off nothing is kept', async () => {
    const { port } = new URL(base);
    const socket = connect(Number(port), '127.0.0.1');
    const credentials = Object.entries(await gateway.credentials()).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(
      `POST /api/files HTTP/1.1\r\nHost: h\r\n${credentials.join('')}Content-Type: ${headers['content-type']}\r\nContent-Length: 100000\r\n\r\n`,
    );
    socket.write(file(Buffer.alloc(50_000)));
    await eventually(() => unfinished().length === 1);
    socket.destroy();
    await eventually(() => unfinished().length === 0);
  });

  test('who may', async () => {
    expect((await upload(form(file('x')), '', { as: 'viewer' })).status).toBe(403);
    expect((await upload(form(file('x')), '', { as: null })).status).toBe(401);
    expect((await gateway.ask('/api/files/photos/a.txt', { as: null })).status).toBe(401);
  });

  test('forms are for files alone, and files come in forms', async () => {
    const elsewhere = await gateway.ask('/api/tasks/math.add', { method: 'POST', body: form(file('x')), headers });
    expect(elsewhere.problem().code).toBe('media_type_unsupported');
    const json = await gateway.ask('/api/files', { body: { file: 'x' } });
    expect(json.problem().code).toBe('media_type_unsupported');
    expect((await gateway.ask('/api/files?other=1', { method: 'POST', body: form(file('x')), headers })).status).toBe(
      422,
    );
    const unbounded = await upload(form(file('x')), '', { headers: { 'content-type': 'multipart/form-data' } });
    expect(unbounded.problem().code).toBe('body_invalid');
  });
});

describe('downloads', () => {
  beforeAll(async () => {
    await upload(form(file('0123456789')), '?path=digits.bin');
    await upload(form(file('<script>alert(1)</script>')), '?path=page.html');
    await upload(form(file('')), '?path=empty.txt');
  });
  const get = (path: string, more: Record<string, string> = {}, method: Ask['method'] = 'GET') =>
    gateway.ask(`/api/files/${path}`, { method, headers: more, as: 'viewer' });

  test.each([
    ['bytes=2-4', '234', 'bytes 2-4/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=-1', '9', 'bytes 9-9/10'],
  ])('the range %s', async (range, text, stated) => {
    const answer = await get('digits.bin', { range });
    expect([answer.status, answer.text, answer.headers['content-range'], answer.headers['content-length']]).toEqual([
      206,
      text,
      stated,
      String(text.length),
    ]);
  });

  test('a range behind the end', async () => {
    const answer = await get('digits.bin', { range: 'bytes=10-' });
    expect([answer.status, answer.headers['content-range']]).toEqual([416, 'bytes */10']);
    expect(answer.problem().code).toBe('range_unsatisfiable');
  });

  test('a range only of the version that the client has', async () => {
    const etag = String((await get('digits.bin')).headers['etag']);
    expect((await get('digits.bin', { range: 'bytes=2-', 'if-range': etag })).status).toBe(206);
    expect((await get('digits.bin', { range: 'bytes=2-', 'if-range': '"other"' })).text).toBe('0123456789');
    const known = await get('digits.bin', { 'if-none-match': `"other", ${etag}` });
    expect([known.status, known.text]).toEqual([304, '']);
  });

  test('HEAD tells the size and sends nothing', async () => {
    const answer = await get('digits.bin', {}, 'HEAD');
    expect([answer.status, answer.text, answer.headers['content-length']]).toEqual([200, '', '10']);
  });

  test('an empty file', async () => {
    const answer = await get('empty.txt');
    expect([answer.status, answer.text, answer.headers['content-length']]).toEqual([200, '', '0']);
  });

  test('a page is bytes to be saved', async () => {
    const { headers: sent } = await get('page.html');
    expect(sent['content-type']).toBe('application/octet-stream');
    expect(sent['content-disposition']).toMatch(/^attachment/);
  });

  test('no path leads out of the folder', async () => {
    writeFileSync(join(gateway.folder, '..', 'lovage-secret'), 'secret');
    mkdirSync(join(gateway.folder, 'dir'), { recursive: true });
    symlinkSync('/etc/passwd', join(gateway.folder, 'link'));
    symlinkSync('/etc', join(gateway.folder, 'dir', 'etc'));
    const tries = [
      '../lovage-secret',
      '..%2flovage-secret',
      '%2e%2e/lovage-secret',
      '%2e%2e%2flovage-secret',
      './../lovage-secret',
      'dir/../../lovage-secret',
      'dir/%2e%2e/%2e%2e/lovage-secret',
      '..\\lovage-secret',
      '..%5clovage-secret',
      '/etc/passwd',
      '%2fetc%2fpasswd',
      '//etc/passwd',
      'link',
      'dir/etc/passwd',
      'dir%2fetc%2fpasswd',
      'digits.bin%00',
      'digits.bin%00.jpg',
      '%00',
      '',
      '.',
      '..',
      'dir',
      'dir/',
      '.unfinished',
      '.unfinished/x',
      '%c0%ae%c0%ae/x',
      '%252e%252e%252fx',
      'digits.bin/',
      'digits.bin/x',
      'x'.repeat(600),
      `${'a/'.repeat(100)}a`,
    ];
    for (const path of tries) {
      const { status, body } = await raw(`/api/files/${path}`);
      expect([400, 404, 405, 414, 422]).toContain(status);
      expect(body).not.toMatch(/root:|^secret/);
      expect(JSON.parse(body)).toMatchObject({ status });
    }
  });

  test('a file that is not there', async () => {
    const answer = await get('none.txt');
    expect(answer.problem().code).toBe('file_unknown');
  });
});

describe('quotas', () => {
  const KIB = 1024;
  const QUOTA = { userBytes: 200 * KIB, totalBytes: 300 * KIB };
  let limited: TestGateway;
  let url: string;
  beforeAll(async () => {
    limited = await TestGateway.start({
      ...{ filesLimit: LIMIT, filesQuota: QUOTA },
      listen: { host: '127.0.0.1', port: 0 },
    });
    url = await limited.gateway.url;
  });
  afterAll(() => limited[Symbol.asyncDispose]());
  const send = (bytes: number, query = '', as: Ask['as'] = 'operator') =>
    limited.ask(`/api/files${query}`, { method: 'POST', body: form(file(Buffer.alloc(bytes))), headers, as });
  const usage = async (as: Ask['as'] = 'operator') => (await limited.ask('/api/files', { as })).json<FileList>().usage;
  const rows = () => limited.db.query<{ path: string | null; owner: string; bytes: string }>('select * from files');

  test('a user stores so much, all together so much; a deleted file makes room', async () => {
    expect((await send(150 * KIB, '?path=q/one.bin')).status).toBe(201);
    const told = await send(150 * KIB);
    expect(told.status).toBe(507);
    expect(told.problem()).toMatchObject({
      code: 'files_over_quota',
      detail: expect.stringContaining(String(QUOTA.userBytes)) as unknown,
    });
    expect(await usage()).toEqual({
      ...{ bytes: 150 * KIB, quota: QUOTA.userBytes },
      ...{ totalBytes: 150 * KIB, totalQuota: QUOTA.totalBytes },
    });
    expect((await send(140 * KIB, '?path=q/two.bin', 'admin')).status).toBe(201);
    expect((await send(40 * KIB)).problem().detail).toContain(String(QUOTA.totalBytes));
    expect(await rows()).toHaveLength(2);
    expect((await limited.ask('/api/files/q/one.bin', { method: 'DELETE' })).status).toBe(204);
    expect(await usage()).toMatchObject({ bytes: 0, totalBytes: 140 * KIB });
    // A name that is taken costs nothing, an empty file something.
    expect((await send(10, '?path=q/two.bin')).problem().code).toBe('file_exists');
    expect((await send(0, '?path=q/empty.bin')).status).toBe(201);
    expect(await usage()).toMatchObject({ bytes: 4096 });
    expect(await rows()).toMatchObject([{ path: 'q/two.bin' }, { path: 'q/empty.bin', owner: limited.userId }]);
  });

  test('what tells no length is refused while it comes in, and nothing of it is kept', async () => {
    const before = await rows();
    const asked = await fetch(`${url}/api/files`, {
      method: 'POST',
      headers: { ...headers, ...(await limited.credentials()) },
      body: new Blob([form(file(Buffer.alloc(250 * KIB)))]).stream(),
      duplex: 'half',
    } as RequestInit);
    expect(asked.status).toBe(507);
    await eventually(() => readdirSync(join(limited.folder, '.unfinished')).length === 0);
    expect(await rows()).toEqual(before);
    expect(existsSync(join(limited.folder, 'uploads'))).toBe(false);
  });

  test('uploads at once stay within it together', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => send(60 * KIB)));
    // 300 KiB less 140 and 4 are for two.
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 507, 507, 507, 507]);
  });
});

describe('list and delete', () => {
  test('page by page; a deleted file is gone, and in the audit log', async () => {
    for (const n of [1, 2, 3]) expect((await upload(form(file('x')), `?path=zz/${n}.txt`)).status).toBe(201);
    const paths: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const url: string = `/api/files?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`;
      const page: FileList = (await gateway.ask(url, { as: 'viewer' })).json<FileList>();
      paths.push(...page.items.map(({ path }) => path));
      cursor = page.nextCursor;
    }
    expect(paths.filter((path) => path.startsWith('zz/'))).toEqual(['zz/1.txt', 'zz/2.txt', 'zz/3.txt']);
    expect(new Set(paths).size).toBe(paths.length);
    const remove = (as: 'viewer' | 'operator') => gateway.ask('/api/files/zz/2.txt', { method: 'DELETE', as });
    expect((await remove('viewer')).status).toBe(403);
    expect((await remove('operator')).status).toBe(204);
    expect((await remove('operator')).problem().code).toBe('file_unknown');
    expect(await gateway.db.query("select target from audit where action = 'file.delete'")).toEqual([
      { target: 'zz/2.txt' },
    ]);
  });

  test.each(['?cursor=x', '?limit=0', '?limit=201', '?name=x'])('%s is refused', async (query) => {
    expect((await gateway.ask(`/api/files${query}`)).problem().code).toBe('query_invalid');
  });
});
