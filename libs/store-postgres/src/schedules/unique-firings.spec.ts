import type { FiringPlan, NewTask, UniqueKey } from '@lovage/ports';
import type { StoredSchedule } from '@lovage/task';
import { claimOf, fixture, newTask, type StoreFixture } from '../testing/fixture.ts';

const definition: StoredSchedule = {
  contract: 'a.b',
  input: {},
  timing: { kind: 'every', everyMs: 1000 },
  catchUp: 'latest',
  options: {},
};
const rule = (onConflict: UniqueKey['onConflict'], key = 'a.b:k'): UniqueKey => ({
  ...{ key, periodMs: undefined, onConflict },
  states: ['PENDING', 'SCHEDULED', 'QUEUED', 'STARTED', 'PROGRESS', 'RETRY'],
});

/** Schedules as if they had been there for a minute; the time now, of a whole second. */
async function aged(f: StoreFixture, ...names: string[]): Promise<number> {
  await f.store.schedules.mirror(names.map((name) => ({ name, definition, enabled: true })));
  await f.db.query("update schedules set decided_until = decided_until - interval '1 min'");
  return Math.floor((await f.store.schedules.read()).now / 1000) * 1000;
}
const plan = (schedule: string, dues: number[], unique?: UniqueKey): FiringPlan => ({
  ...{ schedule, revision: 1, decidedUntil: dues.at(-1)! },
  firings: dues.map((dueAt) => ({ dueAt, task: newTask(), unique })),
});
const idsOf = (p: FiringPlan) => p.firings.map(({ task }) => task.id);
const stateOf = async (f: StoreFixture, { id }: Pick<NewTask, 'id'>) => (await f.store.tasks.get(id))?.state;
const taskIds = async (f: StoreFixture) =>
  (await f.db.query<{ id: string }>('select id from tasks order by id')).map(({ id }) => id);

test.each(['existing', 'reject'] as const)('a firing stands for the conflicting task: %s', async (onConflict) => {
  await using f = await fixture();
  const now = await aged(f, 'a');
  const first = plan('a', [now - 3000, now - 2000], rule(onConflict));
  const [id] = idsOf(first);
  expect((await f.store.schedules.fire([first])).map(({ taskId }) => taskId)).toEqual([id, id]);
  const second = plan('a', [now - 1000], rule(onConflict));
  expect((await f.store.schedules.fire([second])).map(({ taskId }) => taskId)).toEqual([id]);
  expect(await taskIds(f)).toEqual([id]);
  expect(await f.db.query('select task_id from outbox')).toEqual([{ task_id: id }]);
  const { schedules } = await f.store.schedules.read();
  expect(schedules[0]).toMatchObject({ decidedUntil: now - 1000, lastTaskId: id });

  const worker = await f.worker();
  const claim = claimOf(first.firings[0]!.task, { hadRow: true });
  await f.store.tasks.claim(worker, [claim], { durable: true });
  await f.store.tasks.record(worker.id, [
    { id: id!, claimNo: claim.claimNo, state: 'SUCCESS', result: null, error: null },
  ]);
  const third = plan('a', [now], rule(onConflict));
  expect((await f.store.schedules.fire([third])).map(({ taskId }) => taskId)).toEqual(idsOf(third));
});

test('a task that waits is replaced; one that runs is not', async () => {
  await using f = await fixture();
  const now = await aged(f, 'a');
  const [first, second, third] = [now - 2000, now - 1000, now].map((due) => plan('a', [due], rule('replace')));
  await f.store.schedules.fire([first!]);
  expect((await f.store.schedules.fire([second!])).map(({ taskId }) => taskId)).toEqual(idsOf(second!));
  expect(await stateOf(f, first!.firings[0]!.task)).toBe('REVOKED');
  const claim = claimOf(second!.firings[0]!.task, { hadRow: true });
  await f.store.tasks.claim(await f.worker(), [claim], { durable: true });
  expect((await f.store.schedules.fire([third!])).map(({ taskId }) => taskId)).toEqual(idsOf(second!));
});

test('what does not fire takes no key and replaces nobody', async () => {
  await using f = await fixture();
  const now = await aged(f, 'a', 'b');
  const first = plan('a', [now - 1000], rule('replace'));
  await f.store.schedules.fire([first]);
  // Decided already; of another revision; paused.
  await f.store.schedules.pause('b', null);
  const plans = [plan('a', [now - 1000], rule('replace')), { ...plan('b', [now], rule('replace')), revision: 7 }];
  expect(await f.store.schedules.fire(plans)).toEqual([]);
  expect(await f.store.schedules.fire([plan('b', [now], rule('replace'))])).toEqual([]);
  expect(await stateOf(f, first.firings[0]!.task)).toBe('PENDING');
  expect(await f.db.query('select task_id from unique_keys')).toEqual([{ task_id: idsOf(first)[0] }]);
});

test('many schedules of one key, by many beats at once: one task; others are not held up', async () => {
  await using f = await fixture();
  const names = ['a', 'b', 'c', 'd'];
  const now = await aged(f, ...names, 'free');
  const beats = Array.from({ length: 5 }, (_, i) => {
    const plans = [...names.map((name) => plan(name, [now - 1000, now], rule('existing'))), plan('free', [now])];
    return f.store.schedules.fire(i % 2 ? plans : plans.reverse());
  });
  const fired = (await Promise.all(beats)).flat();
  expect(fired).toHaveLength(9);
  const ofKey = new Set(fired.filter(({ schedule }) => schedule !== 'free').map(({ taskId }) => taskId));
  expect(ofKey.size).toBe(1);
  expect(await taskIds(f)).toHaveLength(2);
});

test('by hand: the existing task, or the error that names it', async () => {
  await using f = await fixture();
  await aged(f, 'a');
  const run = (unique: UniqueKey) => f.store.schedules.runNow('a', { task: newTask(), unique });
  const first = await run(rule('existing'));
  const second = await run(rule('existing'));
  expect([second!.taskId, second!.trigger]).toEqual([first!.taskId, 'manual']);
  await expect(run(rule('reject'))).rejects.toMatchObject({ code: 'task_not_unique', taskId: first!.taskId });
  const third = await run(rule('replace'));
  expect(third!.taskId).not.toBe(first!.taskId);
  expect(await f.store.schedules.firings('a', { limit: 9 })).toHaveLength(3);
  expect(await f.store.schedules.runNow('x', { task: newTask(), unique: rule('existing', 'a.b:x') })).toBeUndefined();
  expect(await f.db.query('select key from unique_keys')).toEqual([{ key: 'a.b:k' }]);
  const many = await Promise.all(Array.from({ length: 10 }, () => run(rule('existing', 'a.b:many'))));
  expect(new Set(many.map((firing) => firing!.taskId)).size).toBe(1);
});
