import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { FollowedTask } from '@lovage/http-api';
import { eventually, TestClock } from '@lovage/testing';
import { TestGateway } from '../../testing/test-gateway.ts';
import { PATIENCE_MS } from '../../http/event-stream.ts';
import { StreamLimits } from '../../http/stream-limits.ts';

const clock = new TestClock(Date.now());
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start({ listen: { host: '127.0.0.1', port: 0 }, clock });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const taken = (): number => gateway.gateway.http.get(StreamLimits, { strict: false }).taken;
const submit = async (): Promise<string> =>
  (await gateway.ask('/api/tasks/math.add', { body: { input: { x: 1, y: 2 } } })).json().id;
const longLog = (id: string, lines: number): Promise<unknown> =>
  gateway.db.query(
    `insert into task_logs (task_id, no, attempt, at, level, message, fields)
     select $1, n, 1, now(), 'info', repeat('x', 8192), json_build_object('a', repeat('y', 8000)) from generate_series(1, $2::int) n`,
    [id, lines],
  );

/** A connection that asks for the events, and reads what comes only when it is told to. */
async function ask(id: string, lastEventId?: number): Promise<Socket> {
  const { hostname, port } = new URL(await gateway.gateway.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const { authorization } = await gateway.credentials('viewer');
  const resume = lastEventId === undefined ? '' : `Last-Event-ID: ${lastEventId}\r\n`;
  socket.write(`GET /api/tasks/${id}/events HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\n${resume}\r\n`);
  return socket;
}

/** Reads to the end of the stream. The clock goes on, for the looks at the tasks are by it. */
async function readAll(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  socket.resume();
  await eventually(
    async () => {
      await clock.advance(100);
      return text.includes('\r\n0\r\n\r\n') || socket.closed;
    },
    { timeoutMs: 30_000 },
  );
  socket.destroy();
  return text;
}

const idsIn = (text: string): number[] => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));

test('a result of 1 MiB and 16 MB of log come in bounded parts, and the terminal state after them', async () => {
  const id = await submit();
  await longLog(id, 1000);
  await gateway.finish(id, 'SUCCESS', 'r'.repeat(1024 ** 2));
  const text = await readAll(await ask(id));
  expect(text.match(/^event: log$/gm)).toHaveLength(1000);
  const data = /event: state\r?\n?data: (\{.*?"href":"[^"]*"\})/.exec(text)![1]!;
  expect(JSON.parse(data) as FollowedTask).toMatchObject({
    ...{ id, state: 'SUCCESS', result: null, omitted: ['result'], href: `/api/tasks/${id}` },
  });
  const ids = idsIn(text);
  expect(ids).toHaveLength(1001);
  expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
});

test('one who does not read is kept nothing for, is told why, and comes to the terminal state by Last-Event-ID', async () => {
  const id = await submit();
  await longLog(id, 1000);
  await gateway.finish(id, 'SUCCESS', 3);
  const socket = await ask(id);
  socket.pause();
  await eventually(() => taken() === 1);
  const server = await new Promise<number>((resolve) => {
    void eventually(
      async () => {
        await clock.advance(100);
        return (await waiting()) > 0;
      },
      { timeoutMs: 30_000 },
    ).then(async () => resolve(await waiting()));
  });
  // One part of 25 lines, and what each of them costs beside its text.
  expect(server).toBeLessThan(600_000);
  await clock.advance(PATIENCE_MS);
  const text = await readAll(socket);
  expect(text).toContain('event: closed\ndata: {"code":"client_too_slow"');
  expect(text).not.toContain('event: state');
  await eventually(() => taken() === 0);
  const seen = idsIn(text).at(-1)!;
  const rest = await readAll(await ask(id, seen));
  expect(rest).toContain('event: state');
  expect(idsIn(rest)[0]).toBe(seen + 1);
});

test('one who does not even read that is cut', async () => {
  const id = await submit();
  await longLog(id, 1000);
  const socket = await ask(id);
  socket.pause();
  await eventually(
    async () => {
      await clock.advance(100);
      return (await waiting()) > 0;
    },
    { timeoutMs: 30_000 },
  );
  await clock.advance(PATIENCE_MS);
  await clock.advance(10_000);
  await eventually(() => taken() === 0);
  socket.destroy();
});

/** Bytes that wait in the server for its clients. */
async function waiting(): Promise<number> {
  let bytes = 0;
  for (const handle of (process as unknown as { _getActiveHandles(): unknown[] })._getActiveHandles()) {
    const socket = handle as Socket & { server?: unknown };
    if (socket.server === gateway.gateway.http.getHttpServer()) bytes += socket.writableLength;
  }
  return bytes;
}
