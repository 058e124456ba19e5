import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { DeadLetterList, QueueDocument, TaskDocument } from '@lovage/http-api';
import { RedisBroker } from '@lovage/broker-redis';
import { eventually, silentLog } from '@lovage/testing';
import { endings, watchEndings } from './kit/endings.ts';
import type { RunningPlatform } from './kit/platform.ts';
import { onRedis, type RedisShape } from './kit/shapes.ts';

/** A web server that is not well when it is asked first. */
async function flakyServer(): Promise<AsyncDisposable & { readonly host: string; readonly asked: () => number }> {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.writeHead(asked === 1 ? 503 : 200).end('lovage');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

onRedis('the whole platform', ['--appendonly', 'yes'], (open) => {
  let shape: RedisShape;
  let platform: RunningPlatform;
  let web: Awaited<ReturnType<typeof flakyServer>>;
  beforeAll(async () => {
    web = await flakyServer();
    shape = await open();
    platform = await shape.start({ env: { FILES_ALLOW_HOSTS: web.host, WORKER_CONCURRENCY: '1' } });
  }, 120_000);
  afterAll(async () => {
    await platform?.[Symbol.asyncDispose]();
    await web?.[Symbol.asyncDispose]();
  }, 30_000);

  const wait = async (seconds: number, options: Record<string, unknown> = {}): Promise<TaskDocument> => {
    const body = { input: { seconds, value: null }, options: { queue: shape.queue, ...options } };
    const answer = await platform.rest.ask('/api/tasks/demo.wait_and_return', { body });
    expect(answer.status).toBe(202);
    return answer.json<TaskDocument>();
  };
  const inState = (id: string, state: TaskDocument['state']): Promise<unknown> =>
    eventually(async () => (await platform.rest.task(id)).state === state);
  const queueOf = async (name = shape.queue): Promise<QueueDocument> =>
    (await platform.rest.ask(`/api/queues/${name}`)).json<QueueDocument>();
  const reasons = async (id: string): Promise<{ code: string; data: Record<string, unknown> }[]> =>
    (await platform.rest.ask(`/api/tasks/${id}/explain`)).json<{ reasons: never[] }>().reasons;

  test('health names the broker', async () => {
    const ready = await platform.rest.ask('/health/ready');
    expect([ready.status, ready.json()]).toEqual([200, expect.objectContaining({ broker: 'up' })]);
    expect(platform.launcher.output).toContain(`Broker    ${shape.redis.url}`);
  });

  test('a task from REST to its result, waited for and looked at', async () => {
    const { rest } = platform;
    const answer = await rest.submit('math.divide', { x: 1, y: 2 }, { prefer: 'wait=30' });
    expect([answer.status, answer.json()]).toEqual([200, expect.objectContaining({ state: 'SUCCESS', result: 0.5 })]);
    const { id } = await rest.accepted('math.divide', { x: 1, y: 0 });
    expect(await rest.ended(id)).toMatchObject({ state: 'FAILURE', error: { type: 'DivisionByZero' } });
  });

  test('a failed attempt is tried again', async () => {
    const { rest } = platform;
    const { id } = await rest.accepted('files.download', { url: `http://${web.host}/a`, path: 'a' });
    expect(await rest.ended(id, { timeoutMs: 60_000 })).toMatchObject({ state: 'SUCCESS', retries: 1 });
    expect(web.asked()).toBe(2);
  }, 70_000);

  test('a delay waits in the outbox, not in Redis', async () => {
    const task = await wait(0, { delay: '1s' });
    expect(task.state).toBe('SCHEDULED');
    expect((await queueOf()).ready).toBe(0);
    const { startedAt } = await platform.rest.ended(task.id);
    expect(Date.parse(startedAt!)).toBeGreaterThanOrEqual(Date.parse(task.eta!));
  });

  test('priorities, depth, explain, revoke and purge, with one slot and a backlog', async () => {
    const { rest } = platform;
    const first = await wait(3600);
    await inState(first.id, 'STARTED');
    const low = await wait(0, { priority: 1 });
    const ordinary = await wait(0);
    const revoked = await wait(0);
    const high = await wait(0, { priority: 9 });
    const queue = await eventually(async () => {
      const found = await queueOf();
      return found.unacked === 5 && found;
    });
    expect(queue).toMatchObject({ ready: 0, consumers: 1, unackedFrom: 'broker', running: 1, waiting: 4 });
    expect((await reasons(first.id)).map(({ code }) => code)).toEqual(['held_by_worker']);
    expect(await reasons(low.id)).toMatchObject([{ code: 'with_broker', data: { consumers: 1 } }]);
    expect((await rest.ask(`/api/tasks/${revoked.id}/revoke`, { body: {} })).json()).toMatchObject({
      state: 'REVOKED',
    });
    await rest.ask(`/api/tasks/${first.id}/revoke`, { body: { terminate: true } });
    expect(await rest.ended(first.id)).toMatchObject({ state: 'REVOKED' });
    const ended = await Promise.all([high, ordinary, low].map(({ id }) => rest.ended(id)));
    const order = ended.toSorted((a, b) => Date.parse(a.startedAt!) - Date.parse(b.startedAt!)).map(({ id }) => id);
    expect(order).toEqual([high.id, ordinary.id, low.id]);
    expect(await rest.task(revoked.id)).toMatchObject({ state: 'REVOKED', startedAt: null });
  }, 60_000);

  test('a paused queue keeps its messages, tells why, and can be purged; a resumed one goes on', async () => {
    const { rest } = platform;
    const url = `/api/queues/${shape.queue}`;
    expect((await rest.ask(`${url}/pause`, { body: { reason: 'repairs' } })).status).toBeLessThan(300);
    await eventually(async () => (await queueOf()).consumers === 0);
    const purged = await wait(0);
    await eventually(async () => (await queueOf()).ready === 1);
    expect((await reasons(purged.id)).map(({ code }) => code)).toContain('queue_paused');
    expect((await rest.ask(`${url}/purge`, { body: {} })).status).toBeLessThan(300);
    expect(await rest.ended(purged.id)).toMatchObject({ state: 'REVOKED' });
    const kept = await wait(0);
    expect((await rest.ask(`${url}/resume`, { method: 'POST' })).status).toBeLessThan(300);
    expect(await rest.ended(kept.id)).toMatchObject({ state: 'SUCCESS' });
    await eventually(async () => (await queueOf()).ready === 0);
  }, 60_000);

  test('what is no task becomes a dead letter, and with an edited input a task', async () => {
    const { rest } = platform;
    const broker = new RedisBroker({ url: shape.redis.url, log: silentLog });
    await broker.start();
    try {
      await broker.publish({
        ...{ queue: shape.queue, body: Buffer.from('[[1, 2]]'), contentType: 'application/json' },
        ...{ contentEncoding: 'utf-8', headers: { task: 'math.add', id: '01970000-0000-7000-8000-0000000000ff' } },
      });
    } finally {
      await broker.stop();
    }
    const deadLetter = await eventually(async () => {
      const { items } = (await rest.ask('/api/dead-letters')).json<DeadLetterList>();
      return items[0];
    });
    expect(deadLetter).toMatchObject({ queue: shape.queue, reason: 'malformed', code: 'body_arity_invalid' });
    const answer = await rest.ask(`/api/dead-letters/${deadLetter.id}/redrive`, { body: { input: { x: 20, y: 22 } } });
    expect(answer.status).toBe(202);
    expect(await rest.ended(answer.json<TaskDocument>().id)).toMatchObject({ state: 'SUCCESS', result: 42 });
  });

  test('metrics count what waits and who consumes', async () => {
    const { text } = await platform.rest.ask('/metrics');
    const lines = text.split('\n').filter((line) => /^lovage_(?:server|queue_messages|queue_consumers)/.test(line));
    expect(lines).toEqual(
      expect.arrayContaining([
        'lovage_server_up{server="broker"} 1',
        `lovage_queue_messages{queue="${shape.queue}"} 0`,
        `lovage_queue_consumers{queue="${shape.queue}"} 1`,
      ]),
    );
  });

  test('a full Redis takes no messages: what is submitted waits in the outbox, and runs later', async () => {
    const { rest } = platform;
    const limit = (bytes: number): Promise<unknown> =>
      shape.redis.ask((redis) => redis.config('SET', 'maxmemory', String(bytes)));
    await limit(1);
    await eventually(async () => (await rest.ask('/health/ready')).json<{ broker: string }>().broker === 'blocked');
    const { id, state } = await rest.accepted('math.add', { x: 1, y: 2 });
    expect(state).toBe('PENDING');
    expect(await reasons(id)).toMatchObject([{ code: 'unpublished' }]);
    await limit(0);
    expect(await rest.ended(id, { timeoutMs: 60_000 })).toMatchObject({ state: 'SUCCESS', result: 3, retries: 0 });
  }, 90_000);

  test('Redis forgets all under load: the rows bring it back, and each task ends once', async () => {
    const { rest } = platform;
    await watchEndings(platform);
    const ids = await Promise.all(Array.from({ length: 100 }, async () => (await wait(0.01)).id));
    await shape.redis.ask((redis) => redis.flushall());
    ids.push(...(await Promise.all(Array.from({ length: 20 }, async () => (await wait(0.01)).id))));
    for (const id of ids) expect(await rest.ended(id, { timeoutMs: 120_000 })).toMatchObject({ state: 'SUCCESS' });
    const ended = (await endings(platform)).filter((one) => ids.includes(one.task_id));
    expect(ended.map((one) => one.task_id).sort()).toEqual(ids.toSorted());
  }, 180_000);

  test('Redis killed and started again: submits go on, all of them end', async () => {
    const { rest } = platform;
    await shape.redis.kill();
    await eventually(async () => (await rest.ask('/health/ready')).json<{ broker: string }>().broker === 'down');
    const away = await rest.accepted('math.add', { x: 1, y: 2 });
    expect(await reasons(away.id)).toMatchObject([{ code: 'unpublished' }]);
    await shape.redis.up();
    expect(await rest.ended(away.id, { timeoutMs: 60_000 })).toMatchObject({ state: 'SUCCESS', result: 3 });
    await eventually(async () => (await rest.ask('/health/ready')).json<{ broker: string }>().broker === 'up');
  }, 90_000);

  test('Ctrl-C ends all, and leaves nothing in Redis that is held or of no use', async () => {
    expect(await platform.interrupt()).toMatchObject({ code: 0, signal: null, left: [] });
    const keys = await shape.redis.ask((redis) => redis.keys('*'));
    expect(keys.filter((key) => !key.startsWith('_kombu.binding.') && key !== 'lovage.epoch')).toEqual([]);
  }, 60_000);
});
