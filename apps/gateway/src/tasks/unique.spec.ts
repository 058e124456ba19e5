import type { BulkRetryAnswer, BatchAnswer, ContractDocument } from '@lovage/http-api';
import { defineTask, type TaskOptions } from '@lovage/task';
import { z } from 'zod';
import { TestGateway } from '../testing/test-gateway.ts';

const input = z.strictObject({ tenant: z.string(), n: z.number().default(0) });
const define = (name: string, defaults?: TaskOptions<z.output<typeof input>>) =>
  defineTask({ name, input, output: z.null(), defaults });
const perTenant = define('test.per_tenant', { unique: { by: ['tenant'], onConflict: 'reject' } });
const free = define('test.free');
const unkept = define('test.unkept', { record: 'final' });

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await TestGateway.start({ contracts: [perTenant, free, unkept] });
});
afterAll(() => gateway[Symbol.asyncDispose]());

const submit = (name: string, tenant: string, options?: unknown, more: Parameters<TestGateway['ask']>[1] = {}) =>
  gateway.ask(`/api/tasks/${name}`, { body: { input: { tenant }, options }, ...more });
const rows = async () => (await gateway.db.query<{ n: number }>('select count(*)::int as n from tasks'))[0]!.n;

test('the conflicting task is the answer, and the answer says so', async () => {
  const first = await submit('test.free', 'a', { unique: true });
  expect(first.headers['x-existing-task']).toBeUndefined();
  await gateway.db.query("update tasks set state = 'STARTED' where id = $1", [first.json().id]);
  const second = await submit('test.free', 'a', { unique: { onConflict: 'existing' } });
  expect([second.status, second.json().id, second.json().state]).toEqual([202, first.json().id, 'STARTED']);
  expect(second.headers).toMatchObject({
    'x-existing-task': 'unique',
    location: `/api/tasks/${first.json().id}`,
  });
  await gateway.finish(first.json().id, 'SUCCESS', null);
  expect((await submit('test.free', 'a', { unique: true })).json().id).not.toBe(first.json().id);
});

test('of an idempotency key it says so too', async () => {
  const key = { headers: { 'idempotency-key': 'k1' } };
  const first = await submit('test.free', 'k', undefined, key);
  const second = await submit('test.free', 'k', undefined, key);
  expect(second.headers['x-existing-task']).toBe('idempotency-key');
  expect(second.json().id).toBe(first.json().id);
});

test('with Prefer: wait its end is waited for', async () => {
  // With SUCCESS among the states: else a submit that came after the end would make another task.
  const unique = { states: ['PENDING', 'SCHEDULED', 'QUEUED', 'STARTED', 'PROGRESS', 'RETRY', 'SUCCESS'] };
  const first = (await submit('test.free', 'w', { unique })).json();
  const waiting = submit('test.free', 'w', { unique }, { headers: { prefer: 'wait=20' } });
  await gateway.finish(first.id, 'SUCCESS', null);
  const answer = await waiting;
  expect([answer.status, answer.json().id]).toEqual([200, first.id]);
});

test('a submit that is refused is told which task conflicts', async () => {
  const first = (await submit('test.per_tenant', 'a')).json();
  const before = await rows();
  const refused = await submit('test.per_tenant', 'a');
  expect(refused.status).toBe(409);
  expect(refused.headers['location']).toBe(`/api/tasks/${first.id}`);
  expect(refused.problem()).toMatchObject({ code: 'task_not_unique', taskId: first.id });
  expect(await rows()).toBe(before);
  expect((await submit('test.per_tenant', 'a', { unique: false })).status).toBe(202);
});

test('a task that waits is replaced, and tells by what', async () => {
  const first = (await submit('test.per_tenant', 'r', { delay: '1h' })).json();
  const second = (await submit('test.per_tenant', 'r', { unique: { onConflict: 'replace' } })).json();
  expect(second.id).not.toBe(first.id);
  const reason = `replaced by ${second.id}`;
  expect((await gateway.ask(`/api/tasks/${first.id}`)).json()).toMatchObject({
    ...{ state: 'REVOKED', error: { type: 'Revoked', message: reason, data: { actor: gateway.userId, reason } } },
  });
});

test('items of one batch are in each other’s way', async () => {
  const task = (name: string, tenant: string, options?: unknown) => ({ name, input: { tenant }, options });
  const tasks = [
    ...Array.from({ length: 20 }, () => task('test.free', 'batch', { unique: true })),
    ...Array.from({ length: 5 }, () => task('test.per_tenant', 'batch')),
  ];
  const { items } = (await gateway.ask('/api/tasks/batch', { body: { tasks } })).json<BatchAnswer>();
  const free = items.slice(0, 20).map((item) => ('task' in item ? item : undefined));
  expect(new Set(free.map((item) => item?.task.id)).size).toBe(1);
  expect(free.filter((item) => item?.existing === 'unique')).toHaveLength(19);
  const refused = items.slice(20).flatMap((item) => ('problem' in item ? item.problem : []));
  expect(refused).toHaveLength(4);
  const [made] = items.slice(20).flatMap((item) => ('task' in item ? item.task.id : []));
  for (const problem of refused) expect(problem).toMatchObject({ code: 'task_not_unique', taskId: made });
});

test('to run a task again obeys the rule of its contract', async () => {
  const first = (await submit('test.per_tenant', 'again')).json();
  await gateway.finish(first.id, 'FAILURE', { type: 'Error', message: 'x' });
  const retry = (options?: unknown) => gateway.ask(`/api/tasks/${first.id}/retry`, { body: { options } });
  const second = await retry();
  expect([second.status, second.json().retriedFrom]).toEqual([202, first.id]);
  expect((await retry()).problem()).toMatchObject({ code: 'task_not_unique', taskId: second.json().id });
  const existing = await retry({ unique: { onConflict: 'existing' } });
  expect([existing.status, existing.json().id, existing.headers['x-existing-task']]).toEqual([
    ...[202, second.json().id, 'unique'],
  ]);
  expect((await retry({ unique: false })).json().id).not.toBe(second.json().id);
});

test('of many that are run again one of a kind is made', async () => {
  const ids: string[] = [];
  for (const tenant of ['m1', 'm1', 'm1', 'm2']) {
    const { id } = (await submit('test.per_tenant', tenant)).json();
    await gateway.finish(id, 'FAILURE', { type: 'Error', message: 'x' });
    ids.push(id);
  }
  const retry = async () => (await gateway.ask('/api/tasks/retry', { body: { ids } })).json<BulkRetryAnswer>();
  expect(await retry()).toMatchObject({ submitted: 2, skipped: 2, refused: 0 });
  expect(await retry()).toMatchObject({ submitted: 0, skipped: 4, refused: 0 });
  const live = await gateway.db.query(
    "select input->>'tenant' as tenant from tasks where retried_from = any($1) order by 1",
    [ids],
  );
  expect(live).toEqual([{ tenant: 'm1' }, { tenant: 'm2' }]);
});

test('the catalogue tells the rule', async () => {
  const { items } = (await gateway.ask('/api/contracts')).json<{ items: ContractDocument[] }>();
  const of = (name: string) => items.find((item) => item.name === name)!.defaults.unique;
  expect(of('test.free')).toBeNull();
  expect(of('test.per_tenant')).toEqual({
    ...{ by: ['tenant'], period: null, onConflict: 'reject' },
    states: ['PENDING', 'SCHEDULED', 'QUEUED', 'STARTED', 'PROGRESS', 'RETRY'],
  });
});

const BAD: readonly [unknown, string][] = [
  ['yes', 'options.unique'],
  [null, 'options.unique'],
  [{ bye: ['tenant'] }, 'options.unique.bye'],
  [{ by: 'tenant' }, 'options.unique.by'],
  [{ by: [] }, 'options.unique.by'],
  [{ by: ['tenat'] }, 'options.unique.by.0'],
  [{ by: ['tenant', 'tenant.name'] }, 'options.unique.by.1'],
  [{ by: ['n', '..'] }, 'options.unique.by.1'],
  [{ period: '5x' }, 'options.unique.period'],
  [{ period: 0 }, 'options.unique.period'],
  [{ period: '4000d' }, 'options.unique.period'],
  [{ states: ['QUEUED'] }, 'options.unique.states'],
  [{ states: ['PENDING', 'DONE'] }, 'options.unique.states.1'],
  [{ onConflict: 'ignore' }, 'options.unique.onConflict'],
];
test.each(BAD)('%j is refused with its path, before anything is stored', async (unique, path) => {
  const before = await rows();
  const answer = await submit('test.free', 'bad', { unique });
  expect([answer.status, answer.problem().code]).toEqual([422, 'options_invalid']);
  expect(answer.problem().errors.map((error) => error.path)).toContain(path);
  expect(await rows()).toBe(before);
});

test('a task without a row cannot be unique', async () => {
  const answer = await submit('test.unkept', 'a', { unique: true });
  expect(answer.problem().errors).toMatchObject([{ path: 'options.unique' }]);
});
