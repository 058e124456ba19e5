import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import Fastify from 'fastify';
import { eventually } from '@lovage/testing';
import { TestGateway } from '../testing/test-gateway.ts';
import { answerAndLinger } from './linger.ts';

const MIB = 1024 ** 2;

let gateway: TestGateway;
let base: string;
beforeAll(async () => {
  gateway = await TestGateway.start({ listen: { host: '127.0.0.1', port: 0 }, bodyLimit: 64 * 1024, filesLimit: MIB });
  base = await gateway.gateway.url;
});
afterAll(() => gateway[Symbol.asyncDispose]());

async function open(): Promise<{ socket: Socket; text: () => string }> {
  const { hostname, port } = new URL(base);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  let text = '';
  return {
    socket,
    text: () => {
      for (let chunk: Buffer | null; (chunk = socket.read() as Buffer | null);) text += chunk.toString('latin1');
      return text;
    },
  };
}

/** As Python's urllib: reads nothing before all is sent. */
async function sendThenRead(head: string, chunks: readonly string[]): Promise<string> {
  const { socket, text } = await open();
  socket.write(head);
  for (const chunk of chunks)
    await new Promise<void>((done, fail) => socket.write(chunk, (e) => (e ? fail(e) : done())));
  await eventually(() => text().includes('\r\n\r\n{') && text().trimEnd().endsWith('}'));
  socket.destroy();
  return text();
}

const credentials = async (as: 'operator' | null): Promise<string> =>
  Object.entries(await gateway.credentials(as))
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');

describe.each([
  ['of known length', `Content-Length: ${16 * MIB}\r\n`, Array<string>(16).fill('x'.repeat(MIB))],
  [
    'in chunks',
    'Transfer-Encoding: chunked\r\n',
    [...Array<string>(16).fill(`100000\r\n${'x'.repeat(MIB)}\r\n`), '0\r\n\r\n'],
  ],
])('a body of 16 MiB %s', (_, length, chunks) => {
  test.each([
    ['over the limit', 'operator', 'application/json', 413],
    ['of a stranger', null, 'application/json', 401],
    ['of a wrong type', 'operator', 'text/plain', 415],
  ] as const)('%s: the answer is read after it', async (_what, as, type, status) => {
    const head = `POST /api/tasks HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\n${await credentials(as)}${length}\r\n`;
    const answer = await sendThenRead(head, chunks);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain('application/problem+json');
  });
});

test('fetch reads it too, of JSON and of a file that is too large', async () => {
  const headers = await gateway.credentials('operator');
  for (let n = 0; n < 5; n += 1) {
    const json = await fetch(`${base}/api/tasks`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: 'x'.repeat(8 * MIB),
    });
    expect([json.status, ((await json.json()) as { code: string }).code]).toEqual([413, 'body_too_large']);
    const form = new FormData();
    form.append('file', new Blob([new Uint8Array(8 * MIB)]), 'zeros.bin');
    const file = await fetch(`${base}/api/files`, { method: 'POST', headers, body: form });
    expect([file.status, ((await file.json()) as { code: string }).code]).toEqual([413, 'body_too_large']);
  }
});

test('a refused request whose body is small leaves its connection for the next one', async () => {
  const { socket, text } = await open();
  const ask = `POST /api/tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`;
  socket.write(ask);
  await eventually(() => text().match(/"status":401/g)?.length === 1);
  socket.write(ask);
  await eventually(() => text().match(/"status":401/g)?.length === 2);
  socket.destroy();
});

test.each([
  ['falls silent', { totalMs: 60_000, silenceMs: 20 }, false],
  ['goes on for too long', { totalMs: 50, silenceMs: 20 }, true],
])('one who %s is cut', async (_, bounds, goesOn) => {
  const server = Fastify();
  server.addHook('onRequest', (_request, reply) => answerAndLinger(reply.code(413), Buffer.from('{}'), bounds));
  server.post('/', () => undefined);
  const url = new URL(await server.listen({ host: '127.0.0.1', port: 0 }));
  const socket = connect(Number(url.port), url.hostname);
  socket.on('error', () => undefined);
  let sending: NodeJS.Timeout | undefined;
  socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nx`);
  if (goesOn) sending = setInterval(() => socket.write('x'), 5);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  await eventually(() => socket.closed);
  clearInterval(sending);
  expect(text).toMatch(/^HTTP\/1.1 413 [\s\S]*\r\n\r\n\{\}$/);
  await server.close();
});
