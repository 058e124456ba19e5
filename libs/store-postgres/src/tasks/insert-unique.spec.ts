import pg from 'pg';
import { hasCode, newId } from '@lovage/foundation';
import type { NewTask, SubmitKey, UniqueKey } from '@lovage/ports';
import { silentLog, revokeOne, insertOne } from '@lovage/testing';
import { openStore } from '../open-store.ts';
import { claimOf, fixture, newTask, type StoreFixture } from '../testing/fixture.ts';

let f: StoreFixture;
beforeAll(async () => void (f = await fixture()));
afterAll(() => f[Symbol.asyncDispose]());

const LIVE = ['PENDING', 'SCHEDULED', 'QUEUED', 'STARTED', 'PROGRESS', 'RETRY'] as const;
const AT_ONCE = { delayMs: 0, leaseMs: 0 };
const rule = (more: Partial<UniqueKey> = {}): UniqueKey => ({
  key: `test.task:${newId()}`,
  periodMs: undefined,
  states: LIVE,
  onConflict: 'existing',
  ...more,
});
const idempotency = (fingerprint = 'f'): SubmitKey => ({ scope: 'test', key: newId(), ttlMs: 60_000, fingerprint });
const submit = (unique: UniqueKey, key?: SubmitKey, task = newTask()) =>
  insertOne(f.store.tasks, task, { ...AT_ONCE, unique, key });
const stateOf = async (id: string) => (await f.store.tasks.get(id))?.state;
const outboxOf = (ids: string[]) => f.db.query('select task_id from outbox where task_id = any($1)', [ids]);
async function claim(task: NewTask | string): Promise<{ worker: string; claimNo: number; id: string }> {
  const worker = await f.worker();
  const item = claimOf(typeof task === 'string' ? newTask({ id: task }) : task, { hadRow: true });
  expect(await f.store.tasks.claim(worker, [item], { durable: true })).toHaveLength(1);
  return { worker: worker.id, claimNo: item.claimNo, id: item.id };
}
async function end(id: string, state: 'SUCCESS' | 'FAILURE' = 'SUCCESS'): Promise<void> {
  const { worker, claimNo } = await claim(id);
  await f.store.tasks.record(worker, [{ id, claimNo, state, result: null, error: null }]);
}

describe('of a hundred submits at once, from several processes', () => {
  const race = async (unique: UniqueKey) => {
    const stores = Array.from({ length: 4 }, () => openStore({ url: f.db.url, log: silentLog }));
    const tasks = Array.from({ length: 100 }, () => newTask());
    const submitted = await Promise.allSettled(
      tasks.map((task, i) => insertOne(stores[i % 4]!.tasks, task, { ...AT_ONCE, unique })),
    );
    await Promise.all(stores.map((store) => store.close()));
    const ids = tasks.map(({ id }) => id);
    const rows = await f.db.query<{ id: string; state: string }>('select id, state from tasks where id = any($1)', [
      ids,
    ]);
    return { ids, rows, submitted, live: rows.filter(({ state }) => state === 'PENDING').map(({ id }) => id) };
  };

  test('one makes a task, the others are given it', async () => {
    const { ids, rows, live, submitted } = await race(rule());
    expect(rows).toHaveLength(1);
    const answers = submitted.map((one) => (one.status === 'fulfilled' ? one.value : one.reason));
    expect(answers.map((answer) => answer.taskId)).toEqual(ids.map(() => live[0]));
    expect(answers.filter((answer) => answer.fresh)).toHaveLength(1);
    expect(answers.filter((answer) => answer.unique)).toHaveLength(99);
    expect(await outboxOf(ids)).toEqual([{ task_id: live[0] }]);
  });

  test('one makes a task, the others are refused', async () => {
    const { rows, live, submitted } = await race(rule({ onConflict: 'reject' }));
    expect([rows.length, live.length]).toEqual([1, 1]);
    const refused = submitted.filter((one) => one.status === 'rejected').map((one) => one.reason as unknown);
    expect(refused).toHaveLength(99);
    for (const error of refused) {
      expect(hasCode(error, 'task_not_unique')).toBe(true);
      expect(error).toMatchObject({ contract: 'test.task', taskId: live[0] });
    }
  });

  test('each takes the place of the one before; the last one is left', async () => {
    const { ids, rows, live, submitted } = await race(rule({ onConflict: 'replace' }));
    expect([rows.length, live.length]).toEqual([100, 1]);
    expect(submitted.every((one) => one.status === 'fulfilled' && one.value.fresh)).toBe(true);
    const replaced = submitted.flatMap((one) => (one.status === 'fulfilled' ? (one.value.replaced?.id ?? []) : []));
    expect([...replaced, ...live].sort()).toEqual([...ids].sort());
    expect(await outboxOf(ids)).toEqual([{ task_id: live[0] }]);
  });
});

describe('a task that is replaced', () => {
  test('ends REVOKED, and tells by what and by whom; callers that wait for it can be told', async () => {
    const unique = rule({ onConflict: 'replace' });
    const first = newTask({ message: '{"replyTo":"inbox"}' });
    await submit(unique, undefined, first);
    const second = newTask({ userId: newId() });
    const { replaced } = await submit(unique, undefined, second);
    const reason = `replaced by ${second.id}`;
    expect(await f.store.tasks.get(first.id)).toMatchObject({
      ...{ state: 'REVOKED', cancelActor: second.userId, cancelReason: reason },
      error: { type: 'Revoked', message: reason },
    });
    expect(replaced).toMatchObject({ id: first.id, outcome: { kind: 'revoked' }, reply: { address: 'inbox' } });
    expect(await outboxOf([first.id, second.id])).toEqual([{ task_id: second.id }]);
  });

  test('has waited: one that runs is the answer', async () => {
    const unique = rule({ onConflict: 'replace' });
    const first = newTask();
    await submit(unique, undefined, first);
    await claim(first);
    expect(await submit(unique)).toMatchObject({ taskId: first.id, fresh: false, unique: true });
    expect(await stateOf(first.id)).toBe('STARTED');
  });

  test('is replaced or claimed, never both', async () => {
    for (let round = 0; round < 20; round += 1) {
      const unique = rule({ onConflict: 'replace' });
      const [first, second] = [newTask(), newTask()];
      await submit(unique, undefined, first);
      const worker = await f.worker();
      const [granted, answer] = await Promise.all([
        f.store.tasks.claim(worker, [claimOf(first, { hadRow: true })], { durable: true }),
        submit(unique, undefined, second),
      ]);
      expect(answer).toMatchObject({
        fresh: granted.length === 0,
        taskId: granted.length === 0 ? second.id : first.id,
      });
      expect(await stateOf(second.id)).toBe(granted.length === 0 ? 'PENDING' : undefined);
    }
  });

  test('makes room also where REVOKED conflicts', async () => {
    const unique = rule({ onConflict: 'replace', states: [...LIVE, 'REVOKED'] });
    const { taskId: first } = await submit(unique);
    const second = await submit(unique);
    expect([second.fresh, second.replaced?.id]).toEqual([true, first]);
    await revokeOne(f.store.tasks, second.taskId, { actor: null, reason: null });
    expect(await submit(unique)).toMatchObject({ fresh: false, taskId: second.taskId });
  });
});

describe('with an idempotency key as well', () => {
  test('the key comes first, and stands for what its submit came to', async () => {
    const unique = rule();
    const [k1, k2] = [idempotency(), idempotency('g')];
    const first = await submit(unique, k1);
    expect(first).toMatchObject({ fresh: true, fingerprint: 'f' });
    expect(await submit(unique, k2)).toEqual({ taskId: first.taskId, fresh: false, fingerprint: 'g', unique: true });
    await end(first.taskId);
    // Nothing conflicts any more, and yet these two submits have been answered before.
    expect(await submit(unique, k1)).toEqual({ taskId: first.taskId, fresh: false, fingerprint: 'f' });
    expect(await submit(unique, k2)).toEqual({ taskId: first.taskId, fresh: false, fingerprint: 'g' });
    expect(await submit(unique)).toMatchObject({ fresh: true });
  });

  test('a submit that is refused leaves no key behind', async () => {
    const unique = rule({ onConflict: 'reject' });
    const key = idempotency();
    const first = await submit(unique);
    await expect(submit(unique, key)).rejects.toMatchObject({ code: 'task_not_unique', taskId: first.taskId });
    await end(first.taskId);
    expect(await submit(unique, key)).toMatchObject({ fresh: true });
  });

  test('one that replaces keeps its key', async () => {
    const unique = rule({ onConflict: 'replace' });
    const key = idempotency();
    const first = await submit(unique);
    const second = await submit(unique, key);
    expect([second.fresh, second.replaced?.id]).toEqual([true, first.taskId]);
    expect(await submit(unique, key)).toMatchObject({ fresh: false, taskId: second.taskId });
  });
});

describe('in a transaction of the caller', () => {
  const within = async <T>(level: string, work: (client: pg.Client) => Promise<T>): Promise<T> => {
    const client = new pg.Client({ connectionString: f.db.url });
    await client.connect();
    try {
      await client.query(`begin isolation level ${level}`);
      const result = await work(client);
      await client.query('commit');
      return result;
    } finally {
      await client.end();
    }
  };

  test.each(['existing', 'replace'] as const)('two of one key, %s', async (onConflict) => {
    const unique = rule({ onConflict });
    const [first, second] = [newTask(), newTask()];
    const answers = await within('read committed', async (client) => [
      await insertOne(f.store.tasks, first, { transaction: client, delayMs: 0, unique }),
      await insertOne(f.store.tasks, second, { transaction: client, delayMs: 0, unique }),
    ]);
    const [left, other] = onConflict === 'replace' ? [second, first] : [first, second];
    expect(answers.map(({ fresh }) => fresh)).toEqual([true, onConflict === 'replace']);
    expect(await stateOf(left.id)).toBe('PENDING');
    expect(await stateOf(other.id)).toBe(onConflict === 'replace' ? 'REVOKED' : undefined);
    expect(await outboxOf([first.id, second.id])).toEqual([{ task_id: left.id }]);
  });

  test('others wait for its commit, and are given its task; after a rollback they make their own', async () => {
    const unique = rule();
    const first = newTask();
    let late: ReturnType<typeof submit> | undefined;
    await within('read committed', async (client) => {
      await insertOne(f.store.tasks, first, { transaction: client, delayMs: 0, unique });
      late = submit(unique);
    });
    expect(await late).toMatchObject({ taskId: first.id, fresh: false });
    const other = rule();
    await within('read committed', async (client) => {
      await insertOne(f.store.tasks, newTask(), { transaction: client, delayMs: 0, unique: other });
      late = submit(other);
      await client.query('rollback');
    });
    expect(await late).toMatchObject({ fresh: true });
  });

  test('one that sees an older state of the database is refused by Postgres, not given a second task', async () => {
    const unique = rule();
    const raced = within('repeatable read', async (client) => {
      await client.query('select 1 from tasks limit 1');
      await submit(unique);
      await insertOne(f.store.tasks, newTask(), { transaction: client, delayMs: 0, unique });
    });
    await expect(raced).rejects.toMatchObject({ code: '40001' });
  });
});

test('retention takes the key with its task', async () => {
  const unique = rule({ states: [...LIVE, 'SUCCESS'] });
  const { taskId } = await submit(unique);
  await end(taskId);
  expect(await submit(unique)).toMatchObject({ fresh: false, taskId });
  await f.db.query("update tasks set finished_at = now() - interval '1 h' where id = $1", [taskId]);
  const byState = { SUCCESS: 60_000, FAILURE: 60_000, REVOKED: 60_000, EXPIRED: 60_000, DEAD: 60_000 };
  for await (const { tasks } of f.store.retention.pruneTasks({ byState, byName: new Map() }, { limit: 100 }))
    expect(tasks).toBeLessThanOrEqual(1);
  expect(await f.db.query('select from unique_keys where key = $1', [unique.key])).toEqual([]);
  expect(await submit(unique)).toMatchObject({ fresh: true });
});
