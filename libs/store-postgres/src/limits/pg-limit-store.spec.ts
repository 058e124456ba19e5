import type { LimitChangedBy, LimitedClaim, LimitedClaimItem, LimitSettings, NewTask, TaskLimits } from '@lovage/ports';
import { claimOf, fixture, newTask, type StoreFixture } from '../testing/fixture.ts';

const CONTRACT = 'test.task';
const BY: LimitChangedBy = { actor: null, reason: null, uncounted: false };

const slots = (limit: number | null, value?: string): TaskLimits => ({
  contract: CONTRACT,
  concurrency: { key: `concurrency:${CONTRACT}${value === undefined ? '' : `:${value}`}`, limit },
  rate: null,
});
const rate = (perSecond: number | null): TaskLimits => ({
  contract: CONTRACT,
  concurrency: null,
  rate: { key: `rate:${CONTRACT}`, intervalMs: perSecond && 1000 / perSecond, burst: 1 },
});
const asking = (task: NewTask, limits: TaskLimits, generation = 0): LimitedClaimItem => ({
  ...claimOf(task, { generation }),
  limits,
});
const outcomes = (claims: readonly LimitedClaim[]): string[] => claims.map(({ outcome }) => outcome).sort();
const tasks = (count: number): NewTask[] => Array.from({ length: count }, () => newTask());

/** Claims tasks one after another, so that they wait in this order. */
async function claimEach(
  f: StoreFixture,
  worker: Worker,
  given: readonly NewTask[],
  limits: TaskLimits,
): Promise<string[]> {
  const all: string[] = [];
  for (const task of given) {
    await f.store.tasks.insertQueued([task]);
    all.push(...outcomes(await f.store.limits.claim(worker, [asking(task, limits)])));
  }
  return all;
}

/** Ids of tasks whose message is due. */
async function due(f: StoreFixture): Promise<string[]> {
  const rows = await f.db.query<{ id: string }>(
    'select task_id as id from outbox where due_at <= now() order by due_at',
  );
  return rows.map(({ id }) => id).sort();
}

const end = async (f: StoreFixture, worker: Worker, id: string): Promise<void> => {
  const [row] = await f.db.query<{ claim_no: string; limit_key: string }>(
    'select claim_no, limit_key from tasks where id = $1',
    [id],
  );
  const item = {
    id,
    claimNo: Number(row!.claim_no),
    limitKey: row!.limit_key,
    state: 'SUCCESS',
    result: '1',
    error: null,
  } as const;
  await f.store.tasks.record(worker.id, [item]);
};
const ids = (of: readonly NewTask[]): string[] => of.map(({ id }) => id).sort();
const set = (f: StoreFixture, settings: LimitSettings, by = BY) => f.store.limits.override(CONTRACT, settings, by);
type Worker = Awaited<ReturnType<StoreFixture['worker']>>;

describe('a concurrency limit that is changed', () => {
  test('up: those who wait longest are woken at once, as many as there are new slots', async () => {
    await using f = await fixture();
    const worker = await f.worker();
    const all = tasks(6);
    expect(await claimEach(f, worker, all, slots(1))).toEqual(['granted', ...Array<string>(5).fill('parked')]);
    expect(await due(f)).toEqual([]);
    await set(f, { concurrency: 3 });
    expect(await due(f)).toEqual(ids(all.slice(1, 3)));
    const again = all.slice(1, 3).map((task) => asking(task, slots(1), 1));
    expect(outcomes(await f.store.limits.claim(worker, again))).toEqual(['granted', 'granted']);
    expect(outcomes(await f.store.limits.claim(worker, [asking(newTask(), slots(1))]))).toEqual(['parked']);
  });

  test('down: those that run finish, and none begins before there are fewer than it says', async () => {
    await using f = await fixture();
    const worker = await f.worker();
    const all = tasks(5);
    await claimEach(f, worker, all, slots(3));
    await set(f, { concurrency: 1 });
    await end(f, worker, all[0]!.id);
    await end(f, worker, all[1]!.id);
    expect(await due(f)).toEqual([]);
    expect(await f.store.tasks.get(all[2]!.id)).toMatchObject({ state: 'STARTED' });
    await end(f, worker, all[2]!.id);
    expect(await due(f)).toEqual([all[3]!.id]);
  });

  test('down, while some that were woken have not begun: they wait again, the latest first', async () => {
    await using f = await fixture();
    const worker = await f.worker();
    const all = tasks(5);
    await claimEach(f, worker, all, slots(1));
    await set(f, { concurrency: 5 });
    expect(await due(f)).toEqual(ids(all.slice(1)));
    await set(f, { concurrency: 3 });
    const again = all.slice(1).map((task) => asking(task, slots(1), 1));
    const claims = await f.store.limits.claim(worker, again);
    const granted = claims.filter(({ outcome }) => outcome === 'granted').map(({ id }) => id);
    expect([granted.sort(), outcomes(claims)]).toEqual([
      ids(all.slice(1, 3)),
      ['granted', 'granted', 'parked', 'parked'],
    ]);
    expect(await f.store.limits.uses()).toMatchObject({ uses: [{ limit: 3, held: 3, waiting: 2 }] });
    // The same claim once more, its answer was lost: as before.
    await set(f, { concurrency: 1 });
    expect(outcomes(await f.store.limits.claim(worker, again.slice(0, 2)))).toEqual(['granted', 'granted']);
  });

  test('null: none holds, whatever the contract says; cleared: the contract has its own again', async () => {
    await using f = await fixture();
    const worker = await f.worker();
    const all = tasks(4);
    await claimEach(f, worker, all, slots(1));
    await set(f, { concurrency: null });
    expect(await due(f)).toEqual(ids(all.slice(1)));
    expect(await claimEach(f, worker, tasks(3), slots(1))).toEqual(Array(3).fill('granted'));
    await f.store.limits.clear(CONTRACT);
    expect(await f.store.limits.overrides()).toEqual([]);
    expect(await claimEach(f, worker, tasks(1), slots(1))).toEqual(['parked']);
  });

  test('what is not set is as the contract says', async () => {
    await using f = await fixture();
    const worker = await f.worker();
    await set(f, { rate: null });
    expect(await claimEach(f, worker, tasks(2), slots(1))).toEqual(['granted', 'parked']);
  });

  test('of single values of the key: they have theirs, the others what is set for all', async () => {
    await using f = await fixture();
    const worker = await f.worker();
    await set(f, { concurrency: 2, keys: { acme: 3, free: null } });
    const granted = async (value: string) =>
      (await claimEach(f, worker, tasks(5), slots(1, value))).filter((outcome) => outcome === 'granted').length;
    expect(await granted('acme')).toBe(3);
    expect(await granted('free')).toBe(5);
    expect(await granted('other')).toBe(2);
    // Replaced as a whole.
    await set(f, { keys: { other: 4 } });
    const due4 = await f.db.query(
      `select l.limit_key from outbox o join limit_slots l using (task_id) where o.due_at <= now()`,
    );
    expect(due4.map(({ limit_key: key }) => key)).toEqual(Array(2).fill(`concurrency:${CONTRACT}:other`));
  });

  test('set on a contract without one: what runs already counts, also what a worker begins that has not heard yet', async () => {
    await using f = await fixture();
    const worker = await f.worker();
    const [before, unaware] = [tasks(2), tasks(1)];
    await f.store.tasks.claim(
      worker,
      before.map((task) => claimOf(task)),
      { durable: true },
    );
    await f.store.tasks.claim(worker, [claimOf(newTask({ name: 'test.other' }))], { durable: true });
    await set(f, { concurrency: 3 }, { ...BY, uncounted: true });
    await f.store.tasks.claim(
      worker,
      unaware.map((task) => claimOf(task)),
      { durable: true },
    );
    await f.store.sweep.sweep();
    expect(await f.store.limits.uses()).toMatchObject({ uses: [{ contract: CONTRACT, limit: 3, held: 3 }] });
    expect(await claimEach(f, worker, tasks(1), slots(null))).toEqual(['parked']);
    await end(f, worker, before[0]!.id);
    expect(await due(f)).toHaveLength(1);
  });

  test('the slot of a worker that died goes to the task that waits longest', async () => {
    await using f = await fixture();
    const [dead, alive] = [await f.worker(), await f.worker()];
    const all = tasks(3);
    await claimEach(f, dead, all, slots(1));
    await f.db.query("update workers set lease_until = now() - interval '2 s' where id = $1", [dead.id]);
    expect(await f.store.sweep.sweep()).toMatchObject({ requeued: 1 });
    expect(await due(f)).toEqual(ids(all.slice(0, 2)));
    expect(
      outcomes(
        await f.store.limits.claim(alive, [asking(all[0]!, slots(1)), asking(all[1]!, slots(1), 1)], {
          suspects: true,
        }),
      ),
    ).toEqual(['granted', 'parked']);
  });
});

describe('a rate that is changed', () => {
  const dueInSeconds = async (f: StoreFixture): Promise<number[]> =>
    (
      await f.db.query<{ s: number }>(
        'select round(extract(epoch from due_at - (select min(due_at) from outbox)))::int as s from outbox order by due_at',
      )
    ).map(({ s }) => s);

  test('those who wait are given new times, in their order; with none they may all go', async () => {
    await using f = await fixture();
    const worker = await f.worker();
    expect(await claimEach(f, worker, tasks(5), rate(0.1))).toEqual(['granted', ...Array<string>(4).fill('parked')]);
    expect(await dueInSeconds(f)).toEqual([0, 10, 20, 30]);
    const order = 'select task_id from outbox order by due_at, task_id';
    const before = await f.db.query(order);
    await set(f, { rate: { text: '2/m', intervalMs: 30_000, burst: null } });
    expect(await dueInSeconds(f)).toEqual([0, 30, 60, 90]);
    expect(await f.db.query(order)).toEqual(before);
    await set(f, { rate: { text: '30/m', intervalMs: 2000, burst: null } });
    expect(await dueInSeconds(f)).toEqual([0, 2, 4, 6]);
    expect(await f.store.limits.uses(CONTRACT)).toMatchObject({ uses: [{ limit: null, waitingForRate: 4 }] });
    await set(f, { rate: null });
    expect(await due(f)).toHaveLength(4);
    expect(await claimEach(f, worker, tasks(2), rate(0.1))).toEqual(['granted', 'granted']);
    await f.store.limits.clear(CONTRACT);
    expect(await claimEach(f, worker, tasks(2), rate(0.1))).toContain('parked');
  });

  test('set on a contract without one', async () => {
    await using f = await fixture();
    const worker = await f.worker();
    await set(f, { rate: { text: '1/m', intervalMs: 60_000, burst: 2 } });
    expect(await f.store.limits.imposed()).toEqual([{ contract: CONTRACT, concurrency: false, rate: true }]);
    const one = { ...rate(null), rate: { key: `rate:${CONTRACT}`, intervalMs: null, burst: 1 } };
    expect(await claimEach(f, worker, tasks(3), one)).toEqual(['granted', 'granted', 'parked']);
  });
});

test('what is set can be read, with who, when and why; a worker reads only what limits', async () => {
  await using f = await fixture();
  const actor = newTask().id;
  const answer = await set(
    f,
    { concurrency: 7, keys: { 'a"\\b': 1 } },
    { actor, reason: 'the mail server is slow', uncounted: false },
  );
  expect(answer).toEqual({
    contract: CONTRACT,
    concurrency: 7,
    keys: { 'a"\\b': 1 },
    rate: undefined,
    updatedAt: expect.any(Number) as number,
    updatedBy: actor,
    reason: 'the mail server is slow',
  });
  await f.store.limits.override('test.other', { concurrency: null, rate: null }, BY);
  expect(await f.store.limits.overrides()).toEqual([
    {
      ...answer,
      contract: 'test.other',
      concurrency: null,
      keys: undefined,
      rate: null,
      updatedBy: null,
      reason: null,
      updatedAt: expect.any(Number) as number,
    },
    answer,
  ]);
  expect(await f.store.limits.imposed()).toEqual([{ contract: CONTRACT, concurrency: true, rate: false }]);
});

test('uses: slots and who waits, by key, of one contract or of all', async () => {
  await using f = await fixture();
  const worker = await f.worker();
  await claimEach(f, worker, tasks(4), slots(3, 'a'));
  await claimEach(f, worker, tasks(3), slots(1, 'b'));
  const key = (value: string) => `concurrency:${CONTRACT}:${value}`;
  const uses = [
    { contract: CONTRACT, key: key('a'), limit: 3, held: 3, waiting: 1, waitingForRate: 0 },
    { contract: CONTRACT, key: key('b'), limit: 1, held: 1, waiting: 2, waitingForRate: 0 },
  ];
  expect(await f.store.limits.uses()).toEqual({ uses, approximate: false });
  expect(await f.store.limits.uses(CONTRACT)).toEqual({ uses, approximate: false });
  expect(await f.store.limits.uses('test.other')).toEqual({ uses: [], approximate: false });
});

test('what holds a waiting task back: the slots with those who have them, or its time', async () => {
  await using f = await fixture();
  const worker = await f.worker();
  const all = tasks(4);
  await claimEach(f, worker, all, slots(2));
  const heldBack = async (task: NewTask) => (await f.store.explain.read(task.id))!.heldBack;
  expect(await heldBack(all[0]!)).toBeNull();
  const holder = (task: NewTask) => ({ id: task.id, since: expect.any(Number) as number, worker: worker.name });
  expect(await heldBack(all[3]!)).toEqual({
    kind: 'concurrency',
    key: `concurrency:${CONTRACT}`,
    limit: 2,
    inUse: 2,
    holders: [holder(all[0]!), holder(all[1]!)],
    before: 1,
  });
  // Woken, the slot is its own, and it is on its way.
  await end(f, worker, all[0]!.id);
  expect(await heldBack(all[2]!)).toBeNull();
  expect(await heldBack(all[3]!)).toMatchObject({
    inUse: 2,
    holders: [{ id: all[1]!.id }, { id: all[2]!.id, worker: null }],
    before: 0,
  });

  const timed = tasks(2);
  await claimEach(f, worker, timed, rate(1 / 60));
  expect(await heldBack(timed[1]!)).toEqual({
    kind: 'rate',
    key: `rate:${CONTRACT}`,
    intervalMs: 60_000,
    dueAt: expect.any(Number) as number,
  });
});
