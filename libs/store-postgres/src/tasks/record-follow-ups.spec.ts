import { newId } from '@lovage/foundation';
import type { FollowUps, RecordItem } from '@lovage/ports';
import { claimOf, fixture, newTask, type StoreFixture } from '../testing/fixture.ts';

let f: StoreFixture;
beforeEach(async () => {
  f = await fixture();
});
afterEach(() => f[Symbol.asyncDispose]());

/** A claimed task and its end, which brings this about. */
async function ended(worker: { id: string; name: string }, followUps?: FollowUps): Promise<RecordItem> {
  const claim = claimOf(newTask());
  await f.store.tasks.claim(worker, [claim], { durable: false });
  return { id: claim.task.id, claimNo: claim.claimNo, state: 'SUCCESS', result: '1', error: null, followUps };
}
const submitted = async (...ids: string[]) =>
  (
    await f.db.query<{ id: string; state: string; due: boolean }>(
      `select t.id, t.state, o.due_at <= now() as due from tasks t join outbox o on o.task_id = t.id where t.id = any($1)`,
      [ids],
    )
  ).map(({ id, state, due }) => [id, state, due]);
const countdowns = () => f.db.query('select task_id, key, remaining from countdowns order by key');

test('tasks are submitted with the end, once, however often it is written', async () => {
  const worker = await f.worker();
  const [now, later] = [newTask(), newTask()];
  const end = await ended(worker, {
    tasks: [
      { task: now, delayMs: 0 },
      { task: later, delayMs: 60_000 },
    ],
  });
  const plain = await ended(worker);
  expect([...(await f.store.tasks.record(worker.id, [end, plain])).keys()].sort()).toEqual([end.id, plain.id].sort());
  expect([...(await f.store.tasks.record(worker.id, [end])).keys()]).toEqual([]);
  expect((await submitted(now.id, later.id)).sort()).toEqual(
    [
      [now.id, 'PENDING', true],
      [later.id, 'SCHEDULED', false],
    ].sort(),
  );
});

test('an end that is not ours, or is REVOKED, brings about nothing', async () => {
  const worker = await f.worker();
  const tasks = [newTask(), newTask()];
  const [lost, revoked] = [
    await ended(worker, { tasks: [{ task: tasks[0]!, delayMs: 0 }] }),
    await ended(worker, { tasks: [{ task: tasks[1]!, delayMs: 0 }] }),
  ];
  await f.store.tasks.revokeMany([revoked.id], { actor: 'ana', reason: null });
  const ours = await f.store.tasks.record(worker.id, [{ ...lost, claimNo: lost.claimNo + 1 }, revoked]);
  expect([...ours.keys()]).toEqual([revoked.id]);
  expect(await submitted(...tasks.map(({ id }) => id))).toEqual([]);
});

test('the last of many ends, written at once by several workers, submits what a countdown holds', async () => {
  const workers = await Promise.all([f.worker(), f.worker(), f.worker()]);
  const body = newTask();
  const owner = await ended(workers[0]!, {});
  const key = { taskId: owner.id, key: 'all' };
  await f.store.tasks.record(workers[0]!.id, [
    { ...owner, followUps: { begin: [{ ...key, count: 60, tasks: [{ task: body, delayMs: 0 }] }] } },
  ]);
  const ends = await Promise.all(
    Array.from({ length: 60 }, async (_, i) => [i % 3, await ended(workers[i % 3]!, { countDown: [key] })] as const),
  );
  const first = ends.slice(0, 59);
  await Promise.all(first.map(([w, end]) => f.store.tasks.record(workers[w]!.id, [end])));
  expect(await countdowns()).toEqual([{ task_id: owner.id, key: 'all', remaining: 1 }]);
  expect(await submitted(body.id)).toEqual([]);
  const [w, last] = ends[59]!;
  // One that is repeated does not count again.
  await Promise.all(first.map(([by, end]) => f.store.tasks.record(workers[by]!.id, [end])));
  await f.store.tasks.record(workers[w]!.id, [last]);
  expect(await submitted(body.id)).toEqual([[body.id, 'PENDING', true]]);
  expect(await countdowns()).toEqual([]);
});

test('a batch may begin a countdown, bring it down, and end it; one of no ends submits at once', async () => {
  const worker = await f.worker();
  const [two, none] = [newTask(), newTask()];
  const owner = newId();
  const key = { taskId: owner, key: 'k' };
  const begin = [
    { ...key, count: 2, tasks: [{ task: two, delayMs: 0 }] },
    { taskId: owner, key: 'none', count: 0, tasks: [{ task: none, delayMs: 0 }] },
  ];
  const ends = [await ended(worker, { begin }), await ended(worker, { countDown: [key, key] })];
  await f.store.tasks.record(worker.id, ends);
  expect((await submitted(two.id, none.id)).length).toBe(2);
  expect(await countdowns()).toEqual([]);
});

test('what Postgres cannot keep fails its task alone, and nothing follows it', async () => {
  const worker = await f.worker();
  const [good, bad] = [newTask(), newTask({ name: 'nul\0' })];
  const ends = [
    await ended(worker, { tasks: [{ task: good, delayMs: 0 }] }),
    await ended(worker, { tasks: [{ task: bad, delayMs: 0 }] }),
  ];
  await f.store.tasks.record(worker.id, ends);
  expect(await f.store.tasks.get(ends[0]!.id)).toMatchObject({ state: 'SUCCESS' });
  expect(await f.store.tasks.get(ends[1]!.id)).toMatchObject({
    state: 'FAILURE',
    error: { type: 'ResultNotStorable' },
  });
  expect((await submitted(good.id, bad.id)).map(([id]) => id)).toEqual([good.id]);
});

test('an end that hands its slot over brings about the same', async () => {
  const worker = await f.worker();
  const task = newTask();
  const end = await ended(worker, { tasks: [{ task, delayMs: 0 }] });
  const wish = { keys: [], queues: [], except: [], claimNos: [], leaseMs: 0, repeated: false };
  await f.store.tasks.endHandingOver(worker, { kind: 'record', items: [end] }, wish);
  expect((await submitted(task.id)).length).toBe(1);
});

test('a countdown goes with the task that it belongs to', async () => {
  const worker = await f.worker();
  const owner = await ended(worker);
  const begin = [{ taskId: owner.id, key: 'k', count: 3, tasks: [] }];
  await f.store.tasks.record(worker.id, [{ ...owner, followUps: { begin } }]);
  await f.db.query("update tasks set finished_at = now() - interval '2 h' where id = $1", [owner.id]);
  const byState = { SUCCESS: 1000, FAILURE: 1000, REVOKED: 1000, EXPIRED: 1000, DEAD: 1000 };
  for await (const _ of f.store.retention.pruneTasks({ byState, byName: new Map() }, { limit: 100 })) void _;
  expect(await countdowns()).toEqual([]);
});
