import { insertOne } from '@lovage/testing';
import fc from 'fast-check';
import pg from 'pg';
import { newId } from '@lovage/foundation';
import { TaskNotUniqueError, ValueRefusedError, type FirstItem, type SubmitKey, type UniqueKey } from '@lovage/ports';
import { claimOf, fixture, newTask, type StoreFixture } from '../testing/fixture.ts';

const LIVE = ['PENDING', 'SCHEDULED', 'QUEUED', 'STARTED', 'PROGRESS', 'RETRY'] as const;
const key = (text: string, fingerprint = 'f'): SubmitKey => ({
  scope: '-:test',
  key: text,
  ttlMs: 60_000,
  fingerprint,
});
const unique = (text: string, onConflict: UniqueKey['onConflict'] = 'existing'): UniqueKey => ({
  key: text,
  periodMs: undefined,
  states: LIVE,
  onConflict,
});
const item = (keys: Pick<FirstItem, 'key' | 'unique'> = {}, more: Partial<FirstItem> = {}): FirstItem => ({
  task: newTask(),
  delayMs: 0,
  leaseMs: 0,
  ...keys,
  ...more,
});
const rows = (f: StoreFixture) =>
  f.db.query<{ id: string; state: string }>('select id, state from tasks order by created_at, id');
const outbox = (f: StoreFixture) =>
  f.db.query<{ task_id: string; leased: boolean; late: boolean }>(
    "select task_id, leased_until is not null as leased, due_at > now() + interval '1 second' as late from outbox",
  );

test('one statement makes many, each with its delay, its lease and its keys', async () => {
  await using f = await fixture();
  const items = Array.from({ length: 200 }, (_, n) =>
    item(
      { ...(n % 2 && { key: key(`k${n}`) }), ...(n % 3 && { unique: unique(`u${n}`) }) },
      { delayMs: n % 5 ? 0 : 60_000, leaseMs: n % 5 ? 10_000 : 0 },
    ),
  );
  const outcomes = await f.store.tasks.insertFirst(items);
  expect(outcomes).toEqual(items.map((one) => ({ taskId: one.task.id, fresh: true, fingerprint: one.key ? 'f' : '' })));
  expect((await rows(f)).length).toBe(200);
  const messages = new Map((await outbox(f)).map((row) => [row.task_id, row]));
  for (const { task, delayMs } of items)
    expect(messages.get(task.id)).toMatchObject({ leased: delayMs === 0, late: delayMs > 0 });
  // The same once more, as after an answer that was lost: nothing is made twice.
  expect(await f.store.tasks.insertFirst(items)).toEqual(outcomes);
  expect((await rows(f)).length).toBe(200);
  expect((await outbox(f)).length).toBe(200);
});

test('equal keys of one batch make one task; another input under a key is told apart', async () => {
  await using f = await fixture();
  const same = Array.from({ length: 5 }, () => item({ key: key('k') }));
  const other = item({ key: key('k', 'other') });
  const alike = Array.from({ length: 5 }, () => item({ unique: unique('u') }));
  const refused = item({ unique: unique('u', 'reject') });
  const outcomes = await f.store.tasks.insertFirst([...same, other, ...alike, refused]);
  const [first, ...rest] = same;
  expect(outcomes[0]).toEqual({ taskId: first!.task.id, fresh: true, fingerprint: 'f' });
  for (let n = 1; n <= rest.length + 1; n += 1)
    expect(outcomes[n]).toEqual({ taskId: first!.task.id, fresh: false, fingerprint: 'f' });
  const kept = alike[0]!.task.id;
  expect(outcomes[6]).toMatchObject({ taskId: kept, fresh: true });
  for (let n = 7; n < 11; n += 1) expect(outcomes[n]).toMatchObject({ taskId: kept, fresh: false, unique: true });
  expect(outcomes[11]).toBeInstanceOf(TaskNotUniqueError);
  expect(outcomes[11]).toMatchObject({ taskId: kept });
  expect((await rows(f)).map(({ id }) => id).sort()).toEqual([first!.task.id, kept].sort());
});

test('of several that replace each other the last one waits, the others are told by whom they were replaced', async () => {
  await using f = await fixture();
  const before = newTask();
  await insertOne(f.store.tasks, before, { delayMs: 60_000, leaseMs: 0, unique: unique('u') });
  const neighbour = item({ key: key('k') });
  const three = [1, 2, 3].map(() => item({ unique: unique('u', 'replace') }));
  const outcomes = await f.store.tasks.insertFirst([neighbour, ...three]);
  const ids = three.map(({ task }) => task.id);
  expect(outcomes).toMatchObject([
    { taskId: neighbour.task.id, fresh: true },
    { taskId: ids[0], fresh: true, replaced: { id: before.id } },
    { taskId: ids[1], fresh: true, replaced: { id: ids[0] } },
    { taskId: ids[2], fresh: true, replaced: { id: ids[1] } },
  ]);
  const states = new Map((await rows(f)).map(({ id, state }) => [id, state]));
  expect([before.id, ...ids].map((id) => states.get(id))).toEqual(['REVOKED', 'REVOKED', 'REVOKED', 'PENDING']);
  expect((await outbox(f)).map(({ task_id }) => task_id).sort()).toEqual([neighbour.task.id, ids[2]].sort());
});

test('an idempotency key stands for what its submit came to: an existing task, or nothing when that was rejected', async () => {
  await using f = await fixture();
  const worker = await f.worker();
  const running = newTask();
  await insertOne(f.store.tasks, running, { delayMs: 0, leaseMs: 0, unique: unique('u') });
  await f.store.tasks.claim(worker, [claimOf(running)], { durable: true });
  const outcomes = await f.store.tasks.insertFirst([
    item({ key: key('a'), unique: unique('u') }),
    item({ key: key('a'), unique: unique('u') }),
    item({ key: key('b'), unique: unique('u', 'replace') }),
    item({ key: key('c'), unique: unique('u', 'reject') }),
    item({ key: key('c'), unique: unique('u', 'reject') }),
    item({ key: key('c', 'other') }),
  ]);
  expect(outcomes.slice(0, 3)).toMatchObject([
    { taskId: running.id, fresh: false, unique: true },
    { taskId: running.id, fresh: false },
    { taskId: running.id, fresh: false, unique: true },
  ]);
  expect(outcomes.slice(3, 5)).toMatchObject([{ taskId: running.id }, { taskId: running.id }]);
  expect(outcomes[3]).toBeInstanceOf(TaskNotUniqueError);
  expect(outcomes[4]).toBeInstanceOf(TaskNotUniqueError);
  // The key was free again for another submit.
  expect(outcomes[5]).toMatchObject({ fresh: true, fingerprint: 'other' });
  const keys = await f.db.query<{ key: string; task_id: string }>('select key, task_id from keys order by key');
  expect(keys).toEqual([
    { key: 'a', task_id: running.id },
    { key: 'b', task_id: running.id },
    { key: 'c', task_id: (outcomes[5] as { taskId: string }).taskId },
  ]);
});

test('a value that Postgres refuses fails alone', async () => {
  await using f = await fixture();
  const good = [item({ key: key('a') }), item({ unique: unique('u') })];
  const bad = item({ key: key('b') }, { task: newTask({ name: 'no\0text' }) });
  const outcomes = await f.store.tasks.insertFirst([good[0]!, bad, good[1]!]);
  expect(outcomes[1]).toBeInstanceOf(ValueRefusedError);
  expect([outcomes[0], outcomes[2]]).toMatchObject([{ fresh: true }, { fresh: true }]);
  expect((await rows(f)).length).toBe(2);
});

test('a key that a transaction of somebody else has does not hold the others up', async () => {
  await using f = await fixture();
  const mine = newTask();
  const others = Array.from({ length: 20 }, (_, n) => item({ key: key(`k${n}`), unique: unique(`u${n}`) }));
  const held = item({ unique: unique('held') });
  const client = new pg.Client(f.db.url);
  await client.connect();
  try {
    await client.query('begin');
    await insertOne(f.store.tasks, mine, { transaction: client, delayMs: 0, unique: unique('held') });
    const outcomes = await f.store.tasks.insertFirst([...others.slice(0, 10), held, ...others.slice(10)]);
    expect(outcomes[10]).toBe('locked');
    expect(outcomes.filter((one) => one !== 'locked' && 'fresh' in one && one.fresh).length).toBe(20);
    const alone = insertOne(f.store.tasks, held.task, held);
    await client.query('commit');
    expect(await alone).toMatchObject({ taskId: mine.id, fresh: false, unique: true });
  } finally {
    await client.end();
  }
});

test('many batches of the same keys in any order, from several processes at once: one task a key, and no deadlock', async () => {
  await using f = await fixture();
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.array(
          fc.record({
            key: fc.option(fc.nat({ max: 5 })),
            unique: fc.option(fc.nat({ max: 5 })),
            onConflict: fc.constantFrom('existing', 'reject', 'replace'),
          }),
          { minLength: 1, maxLength: 12 },
        ),
        { minLength: 2, maxLength: 5 },
      ),
      async (plans) => {
        const run = newId();
        const batches = plans.map((plan) =>
          plan.map((one) =>
            item({
              ...(one.key !== null && { key: key(`${run} ${one.key}`) }),
              ...(one.unique !== null && { unique: unique(`${run} ${one.unique}`, one.onConflict) }),
            }),
          ),
        );
        const outcomes = await Promise.all(batches.map((batch) => f.store.tasks.insertFirst(batch)));
        const all = batches.flatMap((batch, b) => batch.map((of, i) => ({ of, outcome: outcomes[b]![i]! })));
        for (const { of, outcome } of all) {
          expect(outcome === 'locked' || (outcome instanceof Error && !(outcome instanceof TaskNotUniqueError))).toBe(
            false,
          );
          if (!of.key && !of.unique) expect(outcome).toMatchObject({ taskId: of.task.id, fresh: true });
        }
        const ids = all.map(({ of }) => of.task.id);
        const made = new Map((await rows(f)).filter(({ id }) => ids.includes(id)).map(({ id, state }) => [id, state]));
        const fresh = all.filter(({ outcome }) => outcome !== 'locked' && 'fresh' in outcome && outcome.fresh);
        expect([...made.keys()].sort()).toEqual(fresh.map(({ of }) => of.task.id).sort());
        // Of each uniqueness key one task at most lives; each live one has its message.
        const live = fresh.filter(({ of }) => made.get(of.task.id) === 'PENDING');
        const uniques = live.flatMap(({ of }) => of.unique?.key ?? []);
        expect(new Set(uniques).size).toBe(uniques.length);
        const messages = (await outbox(f)).map(({ task_id }) => task_id).filter((id) => ids.includes(id));
        expect(messages.sort()).toEqual(live.map(({ of }) => of.task.id).sort());
        // Submits that have an idempotency key in common has a task in common, or was rejected.
        for (const { of, outcome } of all) {
          if (!of.key || outcome === 'locked' || outcome instanceof Error) continue;
          const shared = all.filter(
            (other) =>
              other.of.key?.key === of.key!.key && other.outcome !== 'locked' && !(other.outcome instanceof Error),
          );
          expect(shared.filter((other) => (other.outcome as { fresh: boolean }).fresh).length).toBeLessThanOrEqual(1);
        }
      },
    ),
    { numRuns: 40 },
  );
}, 60_000);
