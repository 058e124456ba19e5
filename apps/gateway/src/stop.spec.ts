import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import type { TaskDocument } from '@lovage/http-api';
import { eventually } from '@lovage/testing';
import { TestGateway } from './testing/test-gateway.ts';

const body = JSON.stringify({ input: { x: 1, y: 2 } });

interface Heard {
  readonly status: number;
  readonly connection: string | undefined;
  readonly text: string;
}

/** Over a real connection. */
async function post(gateway: TestGateway, headers: Record<string, string>, agent?: Agent): Promise<Heard> {
  const url = await gateway.gateway.url;
  expect(url).toMatch(/^http:/);
  const credentials = await gateway.credentials();
  return new Promise((resolve, reject) => {
    const asking = request(
      `${url}/api/tasks/math.divide`,
      { method: 'POST', agent, headers: { 'content-type': 'application/json', ...credentials, ...headers } },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode!, connection: response.headers.connection, text }),
        );
      },
    );
    asking.on('error', reject);
    asking.end(body);
  });
}

const listen = { host: '127.0.0.1', port: 0 };

test('a stop answers those who wait, with the task as it stands', async () => {
  await using gateway = await TestGateway.start({ listen });
  const waiting = Promise.all([1, 2, 3].map(() => post(gateway, { prefer: 'wait=60' })));
  await eventually(() => gateway.gateway.openWaits === 3);
  const { port, hostname } = new URL(await gateway.gateway.url);
  const begun = performance.now();
  const stopping = gateway.gateway.stop();
  for (const answer of await waiting) {
    expect(answer.status).toBe(202);
    expect((JSON.parse(answer.text) as TaskDocument).state).toBe('QUEUED');
  }
  await stopping;
  expect(performance.now() - begun).toBeLessThan(3000);
  await expect(once(connect(Number(port), hostname), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('idle connections do not hold it up', async () => {
  await using gateway = await TestGateway.start({ listen });
  const agent = new Agent({ keepAlive: true });
  expect((await post(gateway, {}, agent)).status).toBe(202);
  const begun = performance.now();
  await gateway.gateway.stop();
  expect(performance.now() - begun).toBeLessThan(3000);
  agent.destroy();
});

test('a client that goes away is waited for no longer', async () => {
  await using gateway = await TestGateway.start({ listen });
  const { port, hostname } = new URL(await gateway.gateway.url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const { authorization } = await gateway.credentials();
  socket.write(
    `POST /api/tasks/math.divide HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nPrefer: wait=60\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await eventually(() => gateway.gateway.openWaits === 1);
  socket.destroy();
  await eventually(() => gateway.gateway.openWaits === 0);
  const told = gateway.log.entries.filter(({ level, message }) => level === 'error' || message.includes('broke off'));
  expect(told).toEqual([]);
});

test('a request under way is finished, and one that comes while it stops is told so', async () => {
  let release!: () => void;
  const released = new Promise<void>((resolve) => (release = resolve));
  let asked!: () => void;
  const reached = new Promise<void>((resolve) => (asked = resolve));
  await using gateway = await TestGateway.start({
    listen,
    platform: {
      tasks: {
        get: async () => {
          asked();
          await released;
          return undefined;
        },
      },
    },
  });
  const { port, hostname } = new URL(await gateway.gateway.url);
  const { authorization } = await gateway.credentials();
  const socket = connect(Number(port), hostname);
  let heard = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (heard += chunk));
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\n\r\n`;
  // Two on one connection: the second is read when the first has been answered, which is while it stops.
  socket.write(get('/api/tasks/01890a5d-ac96-774b-bcce-b302099a8057'));
  await reached;
  const stopping = gateway.gateway.stop();
  socket.write(get('/api/contracts'));
  setImmediate(release);
  await Promise.all([stopping, once(socket, 'close')]);
  expect(heard).toContain('HTTP/1.1 404');
  expect(heard).toContain('"task_unknown"');
  expect(heard).toContain('HTTP/1.1 503');
  expect(heard).toContain('"stopping"');
});

test.each([
  ['what is no HTTP', 'GARBAGE\r\n\r\n', 400, 'http_malformed'],
  ['headers without end', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
])('%s is a problem as well', async (_, sent, status, code) => {
  await using gateway = await TestGateway.start({ listen });
  const { port, hostname } = new URL(await gateway.gateway.url);
  const socket = connect(Number(port), hostname);
  let heard = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (heard += chunk));
  socket.write(sent);
  await once(socket, 'close');
  expect(heard).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(heard).toContain('Content-Type: application/problem+json');
  expect(heard).toContain(`"code":"${code}"`);
});

test('a body over the limit is refused before it has arrived', async () => {
  await using gateway = await TestGateway.start({ listen, bodyLimit: 1000 });
  const { port, hostname } = new URL(await gateway.gateway.url);
  const { authorization } = await gateway.credentials();
  const socket = connect(Number(port), hostname);
  let heard = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (heard += chunk));
  socket.write(
    `POST /api/tasks/math.divide HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\n` +
      'Content-Type: application/json\r\nContent-Length: 5000000\r\n\r\n{',
  );
  await eventually(() => heard.includes('"body_too_large"'));
  socket.destroy();
});

test('a port that is taken is an error of that name', async () => {
  await using one = await TestGateway.start({ listen });
  const port = Number(new URL(await one.gateway.url).port);
  await expect(TestGateway.start({ listen: { host: '127.0.0.1', port } })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});
