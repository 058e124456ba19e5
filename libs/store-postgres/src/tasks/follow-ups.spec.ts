import { newId } from '@lovage/foundation';
import type { NewTask } from '@lovage/ports';
import { endedTask, type TaskExtra, type TaskState } from '@lovage/task';
import { claimOf, fixture, newTask, type StoreFixture } from '../testing/fixture.ts';

let f: StoreFixture;
beforeEach(async () => {
  f = await fixture();
});
afterEach(() => f[Symbol.asyncDispose]());

const follow = (name: string) => ({ name, queue: 'hooks', stamp: '1:0000000000000000', priority: 7 });
const extra = {
  tags: ['a'],
  onEnd: { failure: follow('test.failed'), success: follow('test.done') },
} satisfies TaskExtra;
const hooked = (overrides: Partial<NewTask> = {}): NewTask =>
  newTask({ extra: JSON.stringify(extra), userId: newId(), ...overrides });
const followUps = (of: string) =>
  f.db.query<{ id: string; name: string; state: TaskState; input: unknown; due: boolean | null }>(
    `select t.*, o.due_at <= now() as due from tasks t left join outbox o on o.task_id = t.id where parent_id = $1`,
    [of],
  );

test('a task that ends submits one follow-up with itself as the input, in the transaction of its end', async () => {
  const worker = await f.worker();
  const [good, bad, plain] = [hooked(), hooked({ input: '{"dark":"\\u0000"}' }), newTask()];
  const claims = [good, bad, plain].map((task) => claimOf(task));
  await f.store.tasks.claim(worker, claims, { durable: false });
  const ends = claims.map(({ id, claimNo }, i) => ({
    ...{ id, claimNo, state: i === 1 ? ('FAILURE' as const) : ('SUCCESS' as const) },
    ...{ result: i === 1 ? null : '[1]', error: i === 1 ? '{"type":"Error","message":"no"}' : null },
  }));
  await f.store.tasks.record(worker.id, ends);
  // A recorder that did not hear the answer sends it again.
  await f.store.tasks.record(worker.id, ends);
  const [done, ...others] = await followUps(good.id);
  expect(others).toEqual([]);
  expect(done).toMatchObject({
    ...{ name: 'test.done', queue: 'hooks', state: 'PENDING', priority: 7, input_stamp: '1:0000000000000000' },
    ...{ user_id: good.userId, root_id: good.id, extra: { tags: ['a'] }, due: true },
  });
  expect(endedTask.parse(done!.input)).toMatchObject({
    ...{ id: good.id, name: 'test.task', queue: 'default', state: 'SUCCESS', attempts: 1 },
    ...{ input: { x: 1 }, result: [1], error: null, omitted: [], userId: good.userId, tags: ['a'], scheduledFor: null },
  });
  const [failed] = await f.db.query<{ name: string; text: string }>(
    'select name, input::text as text from tasks where parent_id = $1',
    [bad.id],
  );
  expect(failed!.name).toBe('test.failed');
  expect(endedTask.parse(JSON.parse(failed!.text))).toMatchObject({
    ...{ state: 'FAILURE', input: { dark: '\0' }, result: null, error: { type: 'Error', message: 'no' } },
  });
  expect(await followUps(plain.id)).toEqual([]);
  expect(await f.db.query('select tag from task_tags')).toHaveLength(4);
});

test.each<[TaskState, string | undefined]>([
  ['SUCCESS', 'test.done'],
  ['FAILURE', 'test.failed'],
  ['DEAD', 'test.failed'],
  ['EXPIRED', 'test.failed'],
  ['REVOKED', undefined],
])('whichever process ends a task %s', async (state, name) => {
  const task = hooked();
  await f.store.tasks.insertQueued([task]);
  await f.db.query('update tasks set state = $2, finished_at = now() where id = $1', [task.id, state]);
  expect((await followUps(task.id)).map((row) => row.name)).toEqual(name ? [name] : []);
});

test('record: final, when it ends and not before, once', async () => {
  const task = hooked();
  const end = { task, state: 'FAILURE', retries: 2, worker: 'w', result: null, error: null, startedAt: 1 } as const;
  await f.store.tasks.recordFinal([end]);
  await f.store.tasks.recordFinal([end]);
  const [row, ...others] = await followUps(task.id);
  expect([row?.name, others]).toEqual(['test.failed', []]);
  expect(row!.input).toMatchObject({ attempts: 3 });
});

test('what is large is left out, and named', async () => {
  const task = hooked({ input: JSON.stringify({ x: 'x'.repeat(70_000) }) });
  const result = JSON.stringify('y'.repeat(70_000));
  await f.store.tasks.recordFinal([
    { task, state: 'SUCCESS', retries: 0, worker: 'w', result, error: null, startedAt: 1 },
  ]);
  const [row] = await followUps(task.id);
  expect(row!.input).toMatchObject({ input: null, result: null, omitted: ['input', 'result'] });
});

test('an expiry counts from the end, and the moment of a schedule is told', async () => {
  const onEnd = { failure: { ...follow('test.failed'), expiresMs: 60_000 } };
  const task = newTask({ extra: JSON.stringify({ onEnd, scheduledFor: Date.UTC(2026, 0, 1) } satisfies TaskExtra) });
  await f.store.tasks.insertQueued([task]);
  await f.db.query(`update tasks set state = 'FAILURE', finished_at = now() where id = $1`, [task.id]);
  const [row] = await f.db.query<{ left: boolean; input: unknown; extra: unknown }>(
    `select expires_at = created_at + interval '60 s' as left, input, extra from tasks where parent_id = $1`,
    [task.id],
  );
  expect(row).toMatchObject({ left: true, extra: null });
  expect(endedTask.parse(row!.input).scheduledFor).toMatch(/^2026-01-01T00:00:00/);
});

test('a worker that was taken for dead and records all the same submits nothing: who has the claim does', async () => {
  const [dead, heir] = [await f.worker(), await f.worker()];
  const task = hooked();
  const claim = claimOf(task);
  await f.store.tasks.claim(dead, [claim], { durable: false });
  await f.db.query("update workers set lease_until = now() - interval '1 s' where id = $1", [dead.id]);
  const from = { worker: dead.id, claimNo: claim.claimNo };
  await f.store.tasks.takeOver(heir, { id: task.id, claimNo: 1_000, from, suspects: true });
  const end = { id: task.id, state: 'SUCCESS', result: '1', error: null } as const;
  await f.store.tasks.record(dead.id, [{ ...end, claimNo: claim.claimNo }]);
  expect(await followUps(task.id)).toEqual([]);
  await f.store.tasks.record(heir.id, [{ ...end, claimNo: 1_000, state: 'FAILURE', result: null }]);
  expect((await followUps(task.id)).map(({ name }) => name)).toEqual(['test.failed']);
});

test('an end that is not committed has no follow-up', async () => {
  const task = hooked();
  await f.store.tasks.insertQueued([task]);
  await f.db.query(
    `do $$ begin
       update tasks set state = 'FAILURE', finished_at = now() where id = '${task.id}';
       raise exception 'killed';
     exception when others then null; end $$`,
  );
  expect((await f.store.tasks.get(task.id))?.state).toBe('QUEUED');
  expect(await followUps(task.id)).toEqual([]);
});
