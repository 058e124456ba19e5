import type { HandOverWish, LimitedClaimItem, NewTask, TaskLimits } from '@lovage/ports';
import { claimOf, fixture, newTask, type StoreFixture } from '../testing/fixture.ts';

const CONTRACT = 'test.task';
const KEY = `concurrency:${CONTRACT}`;
const limits = (limit: number): TaskLimits => ({
  contract: CONTRACT,
  concurrency: { key: KEY, limit },
  rate: null,
});

let lastNo = 1_000_000;
const wish = (claim: number, overrides: Partial<HandOverWish> = {}): HandOverWish => ({
  keys: [{ key: KEY, claim }],
  queues: ['default'],
  except: [],
  claimNos: Array.from({ length: claim }, () => (lastNo += 1)),
  ...{ leaseMs: 10_000, repeated: false },
  ...overrides,
});

/** Tasks that ask in this order for `limit` slots. */
async function waiting(f: StoreFixture, limit: number, tasks: readonly NewTask[]) {
  const worker = await f.worker();
  const items: LimitedClaimItem[] = [];
  for (const task of tasks) {
    await f.store.tasks.insertQueued([task]);
    const item = { ...claimOf(task), limits: limits(limit) };
    items.push(item);
    await f.store.limits.claim(worker, [item]);
  }
  const end = (which: readonly number[], of: HandOverWish) =>
    f.store.tasks.endHandingOver(worker, { kind: 'record', items: which.map((i) => ended(items[i]!)) }, of);
  return { worker, items, end };
}

const ended = ({ task, claimNo }: LimitedClaimItem) => ({
  ...{ id: task.id, claimNo, limitKey: KEY },
  ...({ state: 'SUCCESS', result: '1', error: null } as const),
});
const tasks = (count: number, overrides: Partial<NewTask> = {}) =>
  Array.from({ length: count }, () => newTask(overrides));
const outbox = (f: StoreFixture) =>
  f.db.query<{ task_id: string }>(
    'select task_id, leased_until is not null as leased, due_at <= now() as due from outbox order by limit_since nulls first',
  );

test('who waits longest is claimed by the worker that frees the slot, with no message', async () => {
  await using f = await fixture();
  const all = tasks(4);
  const { worker, end } = await waiting(f, 1, all);
  const asked = wish(1);
  const { ours, successors } = await end([0], asked);
  expect(ours.has(all[0]!.id)).toBe(true);
  expect(successors).toEqual([
    {
      task: expect.objectContaining({ id: all[1]!.id, state: 'STARTED', worker: worker.name }) as unknown,
      key: KEY,
      claimNo: asked.claimNos[0],
      generation: 1,
    },
  ]);
  expect((await outbox(f)).map(({ task_id: id }) => id)).toEqual([all[2]!.id, all[3]!.id]);
  expect(await f.store.limits.uses()).toMatchObject({ uses: [{ held: 1, waiting: 2 }] });
});

test('the same call once more, its answer was lost, answers the same', async () => {
  await using f = await fixture();
  const all = tasks(4);
  const { end } = await waiting(f, 1, all);
  const asked = wish(1);
  const first = await end([0], asked);
  const again = await end([0], { ...asked, repeated: true });
  expect(again.successors).toEqual(first.successors);
  expect(await outbox(f)).toHaveLength(2);
});

test('those that the worker does not claim are its own to send', async () => {
  await using f = await fixture();
  const all = [...tasks(3), ...tasks(1, { queue: 'elsewhere' }), ...tasks(1)];
  const { end } = await waiting(f, 2, all);
  const { successors } = await end([0, 1], wish(2));
  expect(successors.map(({ task, claimNo, generation }) => [task.id, claimNo !== null, generation])).toEqual([
    [all[2]!.id, true, 1],
    [all[3]!.id, false, 1],
  ]);
  expect(await outbox(f)).toEqual([
    { task_id: all[3]!.id, leased: true, due: true },
    { task_id: all[4]!.id, leased: false, due: false },
  ]);
});

test('nor does it claim what it must not', async () => {
  await using f = await fixture();
  const all = tasks(3);
  const { end } = await waiting(f, 1, all);
  const { successors } = await end([0], wish(1, { except: [all[1]!.id] }));
  expect(successors).toMatchObject([{ claimNo: null, task: { id: all[1]!.id } }]);
});

test('a worker whose lease is gone claims nothing', async () => {
  await using f = await fixture();
  const all = tasks(2);
  const { worker, end } = await waiting(f, 1, all);
  await f.db.query("update workers set lease_until = now() - interval '1 ms' where id = $1", [worker.id]);
  const { successors } = await end([0], wish(1));
  expect(successors).toMatchObject([{ claimNo: null, task: { id: all[1]!.id } }]);
});

test('a limit of 0 pauses: nothing starts until it is changed', async () => {
  await using f = await fixture();
  const all = tasks(3);
  const { worker, end } = await waiting(f, 1, all);
  const by = { actor: null, reason: null, uncounted: false };
  await f.store.limits.override(CONTRACT, { concurrency: 0 }, by);
  expect((await end([0], wish(1))).successors).toEqual([]);
  const late = { ...claimOf(newTask()), limits: limits(1) };
  expect(await f.store.limits.claim(worker, [late])).toMatchObject([{ outcome: 'parked' }]);
  await f.store.sweep.sweep();
  expect((await outbox(f)).every((row) => !(row as unknown as { due: boolean }).due)).toBe(true);
  await f.store.limits.override(CONTRACT, { concurrency: 2 }, by);
  expect((await outbox(f)).filter((row) => (row as unknown as { due: boolean }).due)).toHaveLength(2);
});
