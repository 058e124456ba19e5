import { jest } from '@jest/globals';
import { add } from '@lovage/contracts';
import { newId } from '@lovage/foundation';
import type { AuditList, LoadTestDocument, LoadTestList } from '@lovage/http-api';
import { openPlatform, type Platform } from '@lovage/platform';
import { HandlerTable, TaskWorker } from '@lovage/runtime';
import { PgWorkerLease } from '@lovage/store-postgres';
import { eventually, silentLog, TYPESCRIPT_FLAGS } from '@lovage/testing';
import { TestGateway } from '../testing/test-gateway.ts';

// Each test starts a process from the sources.
jest.setTimeout(180_000);
const TIMES = { timeoutMs: 120_000, everyMs: 100 };

const database = { url: '' };
let gateway: TestGateway;
let platform: Platform;
let worker: TaskWorker;
beforeAll(async () => {
  gateway = await TestGateway.start({
    options: {
      loadTests: {
        get databaseUrl() {
          return database.url;
        },
        ...{ brokerUrl: undefined, deadLetterQueue: undefined, mode: 'test', execArgv: TYPESCRIPT_FLAGS },
      },
    },
  });
  database.url = gateway.db.url;
  const log = silentLog;
  platform = await openPlatform({ databaseUrl: gateway.db.url, log });
  await platform.start();
  const info = { name: 'w1', host: 'test', pid: 1, queues: ['default'], concurrency: 10 };
  const lease = new PgWorkerLease({ url: gateway.db.url, info, log, onLost: (id) => worker.leaseLost(id) });
  const { broker, tasks, logs, queues, limits } = platform;
  const sum = (input: unknown): number => (input as { x: number; y: number }).x + (input as { y: number }).y;
  const handlers = new HandlerTable([add], [{ name: add.name, handle: sum }]);
  worker = new TaskWorker({ broker, tasks, logs, queues, limits, lease, handlers, log }, info);
  await worker.start();
});
afterAll(async () => {
  await worker.stop();
  await platform.stop();
  await gateway[Symbol.asyncDispose]();
});

const load = { contract: 'math.add', input: { x: 1, y: 2 }, total: 60, seconds: 30, rate: 40, rampSeconds: 1 };
const start = (more: object = {}) => gateway.ask('/api/load-tests', { body: { ...load, ...more } });
const test_ = async (id: string) => (await gateway.ask(`/api/load-tests/${id}`)).json<LoadTestDocument>();
const ended = (id: string) =>
  eventually(async () => {
    const now = await test_(id);
    return now.endedAt !== null && now;
  }, TIMES);

test('a load is submitted at its rate by a process of its own, and measured to its end', async () => {
  const answer = await start();
  expect(answer.status).toBe(202);
  const { id, state } = answer.json<LoadTestDocument>();
  expect([state, answer.headers['location']]).toEqual(['running', `/api/load-tests/${id}`]);
  expect((await start()).problem().code).toBe('load_test_running');
  const done = await ended(id);
  expect(done).toMatchObject({
    ...{ state: 'done', error: null, contract: 'math.add', total: 60, rate: 40, rampSeconds: 1 },
    ...{ submitted: 60, refused: 0, succeeded: 60, failed: 0, waiting: 0, actor: gateway.userId },
  });
  // The ramp has 20 in its second, and the other 40 take one more.
  expect(done.points.length).toBeGreaterThanOrEqual(2);
  expect(done.points.reduce((sum, { ended: n }) => sum + n, 0)).toBe(60);
  for (const latency of [done.submitLatency!, done.endToEnd!]) {
    expect(latency.p50).toBeGreaterThan(0);
    expect(latency.p50).toBeLessThanOrEqual(latency.p99);
    expect(latency.p99).toBeLessThanOrEqual(latency.max);
  }
  expect(done.endToEnd!.max).toBeGreaterThanOrEqual(done.submitLatency!.p50);
  const tasks = (await gateway.ask(`/api/tasks?tag=load-test:${id}&limit=200`)).json<{ items: unknown[] }>();
  expect(tasks.items).toHaveLength(60);
  const list = (await gateway.ask('/api/load-tests')).json<LoadTestList>();
  expect([list.enabled, list.items[0]!.id, 'points' in list.items[0]!]).toEqual([true, id, false]);
  const audit = (await gateway.ask('/api/audit', { as: 'admin' })).json<AuditList>().items;
  expect(audit.filter(({ target }) => target === id).map(({ action }) => action)).toEqual(['load_test.start']);
});

test('a load is stopped; one whose gateway died has failed, and makes room', async () => {
  const lost = newId();
  const spec = { contract: 'math.add', total: 1, seconds: 1, rate: null, rampSeconds: 0 };
  const store = gateway.store.loadTests<unknown>();
  expect(await store.begin({ id: lost, spec, actor: gateway.userId }, 60_000)).toBe(true);
  expect((await start()).problem().code).toBe('load_test_running');
  await gateway.db.query('update load_tests set alive_until = now() where id = $1', [lost]);
  expect(await test_(lost)).toMatchObject({ state: 'failed', error: 'its gateway went away' });

  const { id } = (await start({ total: 100_000, seconds: 600, rate: 5 })).json<LoadTestDocument>();
  await eventually(async () => (await test_(id)).submitted > 0, TIMES);
  expect((await gateway.ask(`/api/load-tests/${id}/stop`, { method: 'POST' })).status).toBe(200);
  expect((await ended(id)).state).toBe('stopped');
});

test.each<[object, string, string]>([
  [{ contract: 'no.such' }, 'contract_unknown', ''],
  [{ input: { x: 'one' } }, 'input_invalid', 'input.x'],
  [{ total: 1_000_001 }, 'body_invalid', 'total'],
  [{ seconds: 601 }, 'body_invalid', 'seconds'],
  [{ rate: 10_001 }, 'body_invalid', 'rate'],
  [{ rate: 0 }, 'body_invalid', 'rate'],
])('%j is refused', async (more, code, path) => {
  const { code: given, errors } = (await start(more)).problem();
  expect([given, errors[0]?.path ?? '']).toEqual([code, path]);
});

test('they are for operators, and off unless switched on', async () => {
  expect((await gateway.ask('/api/load-tests', { as: 'viewer' })).problem().code).toBe('forbidden');
  expect((await gateway.ask('/api/load-tests/x')).problem().code).toBe('load_test_unknown');
  await using without = await TestGateway.start();
  expect((await without.ask('/api/load-tests', { body: load })).problem().code).toBe('load_tests_off');
  expect((await without.ask('/api/load-tests')).json<LoadTestList>()).toEqual({ enabled: false, items: [] });
});
