import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { eventually } from '@lovage/testing';
import { TestGateway } from '../../testing/test-gateway.ts';
import { StreamLimits } from '../../http/stream-limits.ts';
import { TaskFeed } from './task-feed.ts';

/** Clients that come and go; docs/decisions/0270 tells of a run of 2,000. */
const CLIENTS = Number(process.env['TEST_STREAM_CLIENTS'] ?? 250);
/** Of them connected at once. */
const AT_ONCE = 100;

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

let gateway: TestGateway;
let task: string;
beforeAll(async () => {
  gateway = await TestGateway.start({ listen: { host: '127.0.0.1', port: 0 } });
  task = (await gateway.ask('/api/tasks/math.add', { body: { input: { x: 1, y: 2 } } })).json().id;
});
afterAll(() => gateway[Symbol.asyncDispose]());

const part = <T>(of: abstract new (...args: never[]) => T): T =>
  gateway.gateway.http.get(of as new () => T, { strict: false });

async function send(text: string): Promise<Socket> {
  const { hostname, port } = new URL(await gateway.gateway.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(text);
  return socket;
}

async function requests(): Promise<{ follow: string; wait: string }> {
  const { authorization } = await gateway.credentials('operator');
  const body = '{"input":{"x":1,"y":2}}';
  const head = `Host: x\r\nAuthorization: ${authorization}\r\n`;
  return {
    follow: `GET /api/tasks/${task}/events HTTP/1.1\r\n${head}\r\n`,
    wait: `POST /api/tasks/math.divide HTTP/1.1\r\n${head}Prefer: wait=60\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  };
}

const connections = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = gateway.gateway.http.getHttpServer() as import('node:http').Server;
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });

async function expectAllBack(): Promise<void> {
  await eventually(() => gateway.gateway.openWaits === 0, { timeoutMs: 20_000 });
  await eventually(() => part(StreamLimits).taken === 0 && part(TaskFeed).size === 0, { timeoutMs: 20_000 });
  await eventually(async () => (await connections()) === 0, { timeoutMs: 20_000 });
}

test('who leaves while the stream is being opened, or the task submitted, keeps no place', async () => {
  const { follow, wait } = await requests();
  for (let n = 0; n < 60; n += 1) {
    for (const text of [follow, wait]) {
      const socket = await send(text);
      // At once, a little later, and when the answer has begun.
      if (n % 3 === 1) await new Promise(setImmediate);
      if (n % 3 === 2 && text === follow) await once(socket, 'data');
      if (n % 2 === 0) socket.destroy();
      else socket.resetAndDestroy();
    }
  }
  await expectAllBack();
});

test('several streams asked for on one connection end with it', async () => {
  const { follow } = await requests();
  const socket = await send(follow.repeat(5));
  await once(socket, 'data');
  await eventually(() => part(StreamLimits).taken === 5);
  socket.destroy();
  await expectAllBack();
});

test(`${CLIENTS} clients that come and go at random leave nothing behind`, async () => {
  const { follow, wait } = await requests();
  const visit = async (n: number): Promise<void> => {
    const random = Math.random();
    const text = n % 4 === 3 ? wait : follow;
    const socket = await send(text);
    for (let ticks = Math.floor(random * 20); ticks > 0; ticks -= 1) await new Promise(setImmediate);
    if (random > 0.6 && text === follow) await once(socket, 'data').catch(() => undefined);
    if (random < 0.3) socket.resetAndDestroy();
    else if (random < 0.7) socket.destroy();
    else socket.end();
    if (!socket.closed) await once(socket, 'close');
  };
  const visits = async (from: number, to: number): Promise<void> => {
    let next = from;
    const one = async (): Promise<void> => {
      while (next < to) await visit(next++);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, one));
  };
  const settledHeap = async (): Promise<number> => {
    await expectAllBack();
    gc();
    return process.memoryUsage().heapUsed / 1024 ** 2;
  };
  await visits(0, Math.floor(CLIENTS / 2));
  const half = await settledHeap();
  await visits(Math.floor(CLIENTS / 2), CLIENTS);
  const all = await settledHeap();
  // A stream that stays costs some 20 KiB; what grows by less is noise of the tools.
  expect(all - half).toBeLessThan(Math.max(3, CLIENTS / 400));
  if (process.env['TEST_STREAM_CLIENTS'] !== undefined)
    process.stdout.write(
      `${CLIENTS} clients: heap ${half.toFixed(1)} MiB after half of them, ${all.toFixed(1)} at the end\n`,
    );
}, 300_000);
