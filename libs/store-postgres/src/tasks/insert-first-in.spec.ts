import { insertOne } from '@lovage/testing';
import pg from 'pg';
import { PrismaPg } from '@prisma/adapter-pg';
import { newId } from '@lovage/foundation';
import { isSqlTransaction, type NewTask, type SqlTransaction, type SubmitKey } from '@lovage/ports';
import { PrismaClient } from '../generated/prisma/client.ts';
import { claimOf, fixture, newTask, type StoreFixture } from '../testing/fixture.ts';

class RolledBack extends Error {}

/** Runs `work` in a transaction of that driver; it is rolled back when `work` throws. */
const drivers: Readonly<
  Record<string, (f: StoreFixture, work: (tx: SqlTransaction) => Promise<void>) => Promise<void>>
> = {
  async pg(f, work) {
    const client = new pg.Client({ connectionString: f.db.url });
    await client.connect();
    try {
      await client.query('begin');
      await work(client);
      await client.query('commit');
    } catch (error) {
      await client.query('rollback');
      throw error;
    } finally {
      await client.end();
    }
  },
  async prisma(f, work) {
    const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: f.db.url }) });
    try {
      await prisma.$transaction((tx) => work(tx));
    } finally {
      await prisma.$disconnect();
    }
  },
};

const whole: Partial<NewTask> = {
  wireId: 'a "foreign" \\id, {x}',
  input: '{"text":"a\\u0000\\"b\\\\ {NULL}","n":1e3}',
  message: '{"replyTo":"inbox"}',
  userId: newId(),
  parentId: newId(),
  rootId: newId(),
  retriedFrom: newId(),
  eta: Date.UTC(2030, 0, 1),
  expiresAt: Date.UTC(2031, 0, 1),
};

describe.each(Object.keys(drivers))('a task in a transaction of %s', (driver) => {
  const within = drivers[driver]!;
  let f: StoreFixture;
  beforeAll(async () => void (f = await fixture()));
  afterAll(() => f[Symbol.asyncDispose]());
  const outbox = (id: string) =>
    f.db.query('select turn as generation, leased_until, due_at > now() as later from outbox where task_id = $1', [id]);

  test('committed, it is what every other submit makes, and the relay has its message', async () => {
    const [mine, other] = [newTask(whole), newTask(whole)];
    await within(f, async (tx) => {
      expect(await insertOne(f.store.tasks, mine, { transaction: tx, delayMs: 0 })).toMatchObject({
        taskId: mine.id,
        fresh: true,
      });
      // Nobody sees it yet.
      expect(await f.store.tasks.get(mine.id)).toBeUndefined();
    });
    await insertOne(f.store.tasks, other, { delayMs: 0, leaseMs: 0 });
    const [left, right] = await Promise.all([mine, other].map(({ id }) => f.store.tasks.get(id)));
    expect({ ...left, id: '', createdAt: 0 }).toEqual({ ...right, id: '', createdAt: 0 });
    expect(left).toMatchObject({ state: 'PENDING', eta: whole.eta, input: { text: 'a\0"b\\ {NULL}', n: 1000 } });
    expect(await outbox(mine.id)).toEqual([{ generation: 0, leased_until: null, later: false }]);
    const due = await f.store.outbox.leaseDue({ withinMs: 0, leaseMs: 1000, limit: 100 });
    expect(due.map((item) => item.taskId)).toContain(mine.id);
    const [granted] = await f.store.tasks.claim(await f.worker(), [claimOf(mine, { hadRow: true })], { durable: true });
    expect(granted).toMatchObject({ id: mine.id });
  });

  test('with a delay it waits', async () => {
    const task = newTask();
    await within(f, async (tx) => void (await insertOne(f.store.tasks, task, { transaction: tx, delayMs: 60_000 })));
    expect(await f.store.tasks.get(task.id)).toMatchObject({ state: 'SCHEDULED' });
    expect(await outbox(task.id)).toMatchObject([{ later: true }]);
  });

  test('rolled back, it never was, and neither was its key', async () => {
    const task = newTask();
    const key: SubmitKey = { scope: driver, key: 'rolled back', ttlMs: 60_000, fingerprint: 'f' };
    const rolledBack = within(f, async (tx) => {
      await insertOne(f.store.tasks, task, { transaction: tx, delayMs: 0, key });
      throw new RolledBack();
    });
    await expect(rolledBack).rejects.toThrow(RolledBack);
    expect(await f.store.tasks.get(task.id)).toBeUndefined();
    expect(await outbox(task.id)).toEqual([]);
    const again = await insertOne(f.store.tasks, newTask(), { delayMs: 0, leaseMs: 0, key });
    expect(again.fresh).toBe(true);
  });

  test('of one key the first commit wins: the second waits for it, and gets its task', async () => {
    const [first, second] = [newTask(), newTask()];
    const key: SubmitKey = { scope: driver, key: 'raced', ttlMs: 60_000, fingerprint: 'f' };
    let late: ReturnType<typeof insertOne> | undefined;
    await within(f, async (tx) => {
      await insertOne(f.store.tasks, first, { transaction: tx, delayMs: 0, key });
      late = insertOne(f.store.tasks, second, { delayMs: 0, leaseMs: 0, key });
    });
    expect(await late).toEqual({ taskId: first.id, fresh: false, fingerprint: 'f' });
    expect(await f.store.tasks.get(second.id)).toBeUndefined();
  });
});

test('what runs each statement for itself is no transaction', async () => {
  await using f = await fixture();
  const client = new pg.Client({ connectionString: f.db.url });
  const pool = new pg.Pool({ connectionString: f.db.url });
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: f.db.url }) });
  expect([client, pool, prisma, null, {}, 'tx'].map(isSqlTransaction)).toEqual([
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
  await prisma.$transaction((tx) => Promise.resolve(expect(isSqlTransaction(tx)).toBe(true)));
  await prisma.$disconnect();
  await pool.end();
});
