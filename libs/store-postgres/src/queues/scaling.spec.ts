import type { NewTask, TaskLimits } from '@lovage/ports';
import { insertOne } from '@lovage/testing';
import { claimOf, fixture, newTask, type StoreFixture } from '../testing/fixture.ts';
import { MOST_DUE, SCALING } from './scaling-sql.ts';

const DURABLE = { durable: true };
const idle = {
  ...{ ready: 0, sent: 0, paused: false, running: 0 },
  ...{ oldestAgeSeconds: 0, endedPerSecond: 0, drainPerSecond: null, approximate: false },
};
const scaling = (f: StoreFixture, queue = 'default') => f.store.queues.scaling(queue);

async function queued(f: StoreFixture, count: number, overrides: Partial<NewTask> = {}): Promise<NewTask[]> {
  const tasks = Array.from({ length: count }, () => newTask(overrides));
  await f.store.tasks.insertQueued(tasks);
  return tasks;
}
/** A worker that has been there for so long, with what it told of its slots. */
async function worker(f: StoreFixture, seconds: number, queues = ['default'], slotsUsed?: number) {
  const there = await f.worker();
  await f.db.query(
    "update workers set started_at = now() - $2::float8 * interval '1 s', info = json_build_object('queues', $3::text[]), vitals = json_build_object('slotsUsed', $4::int) where id = $1",
    [there.id, seconds, queues, slotsUsed ?? null],
  );
  return there;
}
/** Tasks of the default queue that this worker ended, spread evenly over the last seconds. */
const ended = (f: StoreFixture, { name }: { name: string }, count: number, seconds: number) =>
  f.db.query(
    `insert into tasks (id, name, queue, state, worker, created_at, finished_at)
     select gen_random_uuid(), 'test.task', 'default', 'SUCCESS', $1, now() - interval '1 h', now() - (n - 0.5) / $2 * $3::float8 * interval '1 s'
     from generate_series(1, $2::int) n`,
    [name, count, seconds],
  );
const age = (f: StoreFixture, { id }: NewTask, seconds: number) =>
  f.db.query("update tasks set created_at = now() - $2::float8 * interval '1 s' where id = $1", [id, seconds]);

test('a queue that nobody knows has nothing to do', async () => {
  await using f = await fixture();
  expect(await scaling(f, 'nowhere')).toEqual(idle);
});

test('counts what a worker could run now, of this queue alone', async () => {
  await using f = await fixture();
  const [oldest] = await queued(f, 3);
  await queued(f, 2, { queue: 'other' });
  await age(f, oldest!, 100);
  expect(await scaling(f)).toMatchObject({ ...idle, ready: 3, sent: 3, oldestAgeSeconds: expect.closeTo(100, -1) });
  expect(await scaling(f, 'other')).toMatchObject({ ready: 2, oldestAgeSeconds: expect.closeTo(0, -1) });
});

test('running tasks are told apart, and ended ones make the rate', async () => {
  await using f = await fixture();
  const worker = await f.worker();
  const tasks = await queued(f, 5);
  const claims = tasks.slice(0, 3).map((task) => claimOf(task));
  await f.store.tasks.claim(worker, claims, DURABLE);
  await f.db.query(`update tasks set state = 'SUCCESS', claim_worker = null, finished_at = now() where id = $1`, [
    tasks[0]!.id,
  ]);
  expect(await scaling(f)).toMatchObject({ ready: 2, running: 2, endedPerSecond: expect.closeTo(1 / 60, 5) });
  expect(await scaling(f, 'other')).toMatchObject(idle);
});

test('what runs at a worker of Celery’s wants no worker of ours', async () => {
  await using f = await fixture();
  await f.db.query(
    `insert into tasks (id, name, queue, state, message, worker, created_at, started_at)
     select gen_random_uuid(), 'far.add', 'default', s, m::json, 'celery@far', now() - interval '1 min', now()
     from unnest(array['STARTED', 'PROGRESS']) s, unnest(array['{"observed":"celery"}', '{"foreign":"celery"}']) m`,
  );
  expect(await scaling(f)).toEqual(idle);
  const { queues } = await f.store.queues.report(['default']);
  expect(queues).toMatchObject([{ queue: 'default', waiting: 0, later: 0, running: 4, oldestSeconds: null }]);
});

test('delayed tasks count from their time on, and their age from then', async () => {
  await using f = await fixture();
  await insertOne(f.store.tasks, newTask({ eta: Date.now() + 3_600_000 }), { delayMs: 3_600_000, leaseMs: 0 });
  const due = newTask({ eta: Date.now() - 10_000 });
  await insertOne(f.store.tasks, due, { delayMs: 0, leaseMs: 0 });
  await age(f, due, 5_000);
  expect(await scaling(f)).toMatchObject({ ready: 1, sent: 0, oldestAgeSeconds: expect.closeTo(10, -1) });
});

test('a retry counts when its delay is over, and tells no age', async () => {
  await using f = await fixture();
  const worker = await f.worker();
  const [now, later] = await queued(f, 2);
  const claims = [claimOf(now!), claimOf(later!)];
  await f.store.tasks.claim(worker, claims, DURABLE);
  await f.store.tasks.postpone(
    worker.id,
    claims.map(({ id, claimNo }, n) => ({ id, claimNo, kind: 'retry' as const, delayMs: n * 3_600_000, error: null })),
  );
  await age(f, now!, 500);
  expect(await scaling(f)).toMatchObject({ ...idle, ready: 1 });
});

test('what waits for a slot is not counted; what was given one is, from then on', async () => {
  await using f = await fixture();
  const worker = await f.worker();
  const limits: TaskLimits = {
    contract: 'test.task',
    concurrency: { key: 'concurrency:test.task', limit: 1 },
    rate: null,
  };
  const tasks = await queued(f, 3);
  const items = tasks.map((task) => ({ ...claimOf(task), limits }));
  for (const item of items) await f.store.limits.claim(worker, [item]);
  for (const task of tasks) await age(f, task, 500);
  expect(await scaling(f)).toMatchObject({ ...idle, running: 1 });
  // Its end wakes the next one, whose message is due.
  await f.db.query(`update tasks set state = 'SUCCESS', claim_worker = null, finished_at = now() where id = $1`, [
    tasks[0]!.id,
  ]);
  expect(await scaling(f)).toMatchObject({ ready: 1, running: 0, oldestAgeSeconds: expect.closeTo(0, -1) });
});

test('what waits for its time in a rate is not counted', async () => {
  await using f = await fixture();
  const worker = await f.worker();
  const rate = { key: 'rate:test.task', intervalMs: 3_600_000, burst: 1 };
  const limits = { contract: 'test.task', concurrency: null, rate } as TaskLimits;
  const tasks = await queued(f, 3);
  for (const task of tasks) await f.store.limits.claim(worker, [{ ...claimOf(task), limits }]);
  expect(await scaling(f)).toMatchObject({ ready: 0, running: 1 });
});

test('a paused queue has nothing ready, and tells what runs', async () => {
  await using f = await fixture();
  const worker = await f.worker();
  const [running] = await queued(f, 2);
  await f.store.tasks.claim(worker, [claimOf(running!)], DURABLE);
  await f.store.queues.pause('default', { actor: null, reason: null });
  expect(await scaling(f)).toMatchObject({ ...idle, paused: true, sent: 1, running: 1 });
  await f.store.queues.resume('default');
  expect(await scaling(f)).toMatchObject({ ready: 1, running: 1 });
});

test('what is to be cancelled or has expired wants no worker; what none has served does', async () => {
  await using f = await fixture();
  const [cancelled, unserved] = await queued(f, 2);
  await queued(f, 1, { expiresAt: Date.now() - 1_000 });
  await f.db.query('update tasks set cancel_at = now() where id = $1', [cancelled!.id]);
  await f.db.query(
    "insert into outbox (task_id, turn, due_at, unserved) values ($1, 0, now() + interval '1 minute', true)",
    [unserved!.id],
  );
  expect(await scaling(f)).toMatchObject({ ready: 1, sent: 2, running: 0 });
});

test('tasks without rows run by what their workers tell', async () => {
  await using f = await fixture();
  await worker(f, 60, ['default', 'other'], 3);
  await worker(f, 60, ['images'], 4);
  expect((await scaling(f)).running).toBe(3);
  expect((await scaling(f, 'images')).running).toBe(4);
  expect((await scaling(f, 'nobodys')).running).toBe(0);
});

describe('what workers can do', () => {
  const drain = async (f: StoreFixture) => (await scaling(f)).drainPerSecond;

  test('is what those that are there ended while tasks waited', async () => {
    await using f = await fixture();
    const there = await worker(f, 1_000);
    const [waiting] = await queued(f, 1);
    await age(f, waiting!, 20);
    // The minute before was idle but for a task now and then.
    await ended(f, there, 200, 20);
    expect(await drain(f)).toBeCloseTo(10, 0);
    // What a worker ended that is gone says nothing of those that are left.
    await ended(f, { name: 'gone' }, 500, 20);
    expect(await drain(f)).toBeCloseTo(10, 0);
  });

  test('counts a worker from its start on, and one more at once', async () => {
    await using f = await fixture();
    const [first, second] = [await worker(f, 1_000), await worker(f, 10)];
    const [waiting] = await queued(f, 1);
    await age(f, waiting!, 600);
    await ended(f, first, 600, 60);
    await ended(f, second, 100, 10);
    expect(await drain(f)).toBeCloseTo(20, 0);
  });

  test('is not known without a worker, nor from one that only ended something before tasks waited', async () => {
    await using f = await fixture();
    const [waiting] = await queued(f, 1);
    await age(f, waiting!, 30);
    expect(await drain(f)).toBeNull();
    const there = await worker(f, 1_000);
    await ended(f, there, 10, 60);
    await f.db.query("update tasks set finished_at = finished_at - interval '35 s' where finished_at is not null");
    expect(await drain(f)).toBeNull();
  });

  test('is not known before they had ten seconds together, unless much ended', async () => {
    await using f = await fixture();
    const there = await worker(f, 2);
    const [waiting] = await queued(f, 1);
    await age(f, waiting!, 600);
    await ended(f, there, 100, 2);
    expect(await drain(f)).toBeNull();
    await ended(f, there, 1_100, 2);
    const [known] = [(await drain(f))!];
    expect(known).toBeGreaterThan(400);
    expect(known).toBeLessThanOrEqual(600);
  });
});

test('among many tasks it reads those of its queue that are due, by index', async () => {
  await using f = await fixture();
  const scale = Number(process.env['SCALING_ROWS'] ?? 100_000);
  await f.db.query(
    `insert into tasks (id, name, queue, state, eta, created_at, finished_at)
     select gen_random_uuid(), 'test.task', case when n % 2 = 0 then 'busy' else 'default' end,
       case when n % 10 < 4 then 'SUCCESS' else 'QUEUED' end, case when n % 10 >= 8 then now() + interval '1 day' end,
       now() - n * interval '1 ms', case when n % 10 < 4 then now() - n * interval '1 ms' end
     from generate_series(1, $1::int) n`,
    [scale],
  );
  await f.db.query(`insert into outbox (task_id, turn, due_at) select id, 0, eta from tasks where eta is not null`);
  await queued(f, 3, { queue: 'small' });
  await f.db.query('analyze tasks');
  await f.db.query('analyze outbox');
  const began = performance.now();
  expect(await scaling(f, 'small')).toMatchObject({ ready: 3, approximate: false });
  const small = performance.now() - began;
  expect(await scaling(f, 'busy')).toMatchObject({ ready: MOST_DUE, approximate: true });
  const busy = performance.now() - began - small;
  if (process.env['SCALING_ROWS']) process.stderr.write(`${scale} rows: ${small} ms, busy ${busy} ms\n`);
  await f.db.query('set enable_seqscan = off');
  const plan = await f.db.query<{ 'QUERY PLAN': string }>(`explain (analyze) ${SCALING}`, ['busy']);
  const text = plan.map((line) => line['QUERY PLAN']).join('\n');
  expect(text).toContain('tasks_due_idx');
  expect(text).not.toContain('Seq Scan on tasks');
  expect(text).not.toContain('Seq Scan on outbox');
});
