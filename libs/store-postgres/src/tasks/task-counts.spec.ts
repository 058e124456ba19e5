import { revokeOne } from '@lovage/testing';
import { claimOf, fixture, newTask, type StoreFixture } from '../testing/fixture.ts';

let f: StoreFixture;
beforeEach(async () => {
  f = await fixture();
});
afterEach(() => f[Symbol.asyncDispose]());

const counted = async (): Promise<Record<string, number>> => {
  const rows = await f.db.query<{ state: string; n: number }>(
    'select state, sum(n)::int as n from task_counts group by state having sum(n) <> 0 order by state',
  );
  return Object.fromEntries(rows.map(({ state, n }) => [state, n]));
};
const inRows = async (): Promise<Record<string, number>> => {
  const rows = await f.db.query<{ state: string; n: number }>(
    'select state, count(*)::int as n from tasks where finished_at is not null group by state order by state',
  );
  return Object.fromEntries(rows.map(({ state, n }) => [state, n]));
};

async function claimed(count: number): Promise<{ worker: string; items: { id: string; claimNo: number }[] }> {
  const worker = await f.worker();
  const claims = Array.from({ length: count }, () => claimOf(newTask()));
  await f.store.tasks.claim(worker, claims, { durable: false });
  return { worker: worker.id, items: claims.map(({ id, claimNo }) => ({ id, claimNo })) };
}

test('every way to end a task counts it once, also when the statement is repeated', async () => {
  const { worker, items } = await claimed(3);
  const ended = items.map((item, i) => ({
    ...item,
    state: i === 0 ? ('FAILURE' as const) : ('SUCCESS' as const),
    result: null,
    error: null,
  }));
  await f.store.tasks.record(worker, ended);
  await f.store.tasks.record(worker, ended);
  expect(await counted()).toEqual({ FAILURE: 1, SUCCESS: 2 });

  const final = {
    task: newTask(),
    state: 'DEAD' as const,
    retries: 0,
    worker: 'w',
    result: null,
    error: null,
    startedAt: 0,
  };
  await f.store.tasks.recordFinal([final]);
  await f.store.tasks.recordFinal([final]);
  const waiting = newTask();
  await f.store.tasks.insertQueued([waiting]);
  expect(await revokeOne(f.store.tasks, waiting.id, { actor: null, reason: null })).toEqual({ kind: 'revoked' });
  await revokeOne(f.store.tasks, waiting.id, { actor: null, reason: null });
  const late = [newTask({ expiresAt: Date.now() - 1000 }), newTask({ expiresAt: Date.now() - 1000 })];
  await f.store.tasks.insertQueued(late);
  expect(await f.store.tasks.endUnclaimed(late[0]!.id)).toBe('EXPIRED');
  await f.store.tasks.endUnclaimed(late[0]!.id);
  await f.store.sweep.sweep();
  await f.store.sweep.sweep();
  expect(await counted()).toEqual({ DEAD: 1, EXPIRED: 2, FAILURE: 1, REVOKED: 1, SUCCESS: 2 });
  expect(await inRows()).toEqual(await counted());
});

test('a value that Postgres refuses is counted as it is recorded', async () => {
  const { worker, items } = await claimed(2);
  await f.store.tasks.record(
    worker,
    items.map((item, i) => ({ ...item, state: 'SUCCESS', result: i === 0 ? '{"broken' : '1', error: null })),
  );
  expect(await counted()).toEqual({ FAILURE: 1, SUCCESS: 1 });
});

test('recorders at once count all there is, whichever waits for the other', async () => {
  const parts = await Promise.all(Array.from({ length: 8 }, () => claimed(20)));
  await Promise.all(
    parts.map(({ worker, items }) =>
      f.store.tasks.record(
        worker,
        items.map((item, i) => ({ ...item, state: i % 2 ? 'SUCCESS' : 'FAILURE', result: null, error: null })),
      ),
    ),
  );
  expect(await counted()).toEqual({ FAILURE: 80, SUCCESS: 80 });
});

test('deleted tasks are counted no more, and what hangs on them is gone', async () => {
  const { worker, items } = await claimed(2);
  const [item] = items;
  await f.store.tasks.record(worker, [{ ...item!, state: 'SUCCESS', result: null, error: null }]);
  for (const { id } of items) {
    await f.db.query(
      `insert into task_logs (task_id, no, attempt, at, level, message) values ($1, 1, 1, now(), 'info', 'x')`,
      [id],
    );
    await f.db.query(`insert into attempts (task_id, worker, claim_no, outcome) values ($1, $2, 0, 'RETRY')`, [
      id,
      worker,
    ]);
  }
  await f.db.query('delete from tasks where id = $1', [item!.id]);
  expect(await counted()).toEqual({});
  const left = 'select (select count(*)::int from task_logs) as logs, (select count(*)::int from attempts) as attempts';
  expect(await f.db.query(left)).toEqual([{ logs: 1, attempts: 1 }]);
  await f.db.query('truncate tasks');
  expect(await f.db.query(left)).toEqual([{ logs: 0, attempts: 0 }]);
});

test('a task that runs is left alone when only a waiting one is to be revoked', async () => {
  const { items } = await claimed(1);
  const by = { actor: null, reason: 'because', waitingOnly: true };
  expect(await revokeOne(f.store.tasks, items[0]!.id, by)).toMatchObject({ kind: 'running' });
  expect((await f.store.tasks.get(items[0]!.id))!.cancelAt).toBeNull();
  const waiting = newTask();
  await f.store.tasks.insertQueued([waiting]);
  expect(await revokeOne(f.store.tasks, waiting.id, by)).toEqual({ kind: 'revoked' });
  expect(await revokeOne(f.store.tasks, waiting.id, by)).toEqual({ kind: 'terminal', state: 'REVOKED' });
  expect(await revokeOne(f.store.tasks, newTask().id, by)).toEqual({ kind: 'unknown' });
});
