import { newId } from '@lovage/foundation';
import { blankTask, type OutboxStore } from '@lovage/ports';
import { openStore } from '@lovage/store-postgres';
import { insertOne, silentLog, testDatabase, TestClock } from '@lovage/testing';
import { FakeOutbox } from './fakes.ts';

interface OutboxUnderTest extends AsyncDisposable {
  readonly outbox: OutboxStore;
  put(taskId: string, dueInMs: number): Promise<void>;
  /** Makes it so much later. */
  pass(ms: number): Promise<void>;
}

async function inMemory(): Promise<OutboxUnderTest> {
  const clock = new TestClock();
  const outbox = new FakeOutbox(clock);
  return {
    outbox,
    put: async (taskId, dueInMs) => outbox.put(taskId, dueInMs),
    pass: (ms) => clock.advance(ms),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function onPostgres(): Promise<OutboxUnderTest> {
  const db = await testDatabase();
  const store = openStore({ url: db.url, log: silentLog, maxConnections: 2 });
  return {
    outbox: store.outbox,
    put: async (id, delayMs) => {
      await insertOne(store.tasks, blankTask({ id, name: 'test.job', queue: 'default', input: '{}' }), { delayMs });
    },
    pass: async (ms) => {
      await db.query(
        `update outbox set due_at = due_at - $1 * interval '1 ms', leased_until = leased_until - $1 * interval '1 ms'`,
        [ms],
      );
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      await db.drop();
    },
  };
}

/** What specs of the relay take for granted of the outbox, of the double as of the real one. */
describe.each([
  ['in memory', inMemory],
  ['on PostgreSQL', onPostgres],
])('the outbox %s', (_, open) => {
  const lease = async (outbox: OutboxStore, limit = 10) =>
    (await outbox.leaseDue({ withinMs: 60_000, leaseMs: 60_000, limit })).map(({ taskId }) => taskId);

  test('leases what is due soon, the earliest first, with its row and its time', async () => {
    await using f = await open();
    const [later, soon, first] = [newId(), newId(), newId()];
    await f.put(later, 1e9);
    await f.put(soon, 50_000);
    await f.put(first, 20_000);
    await f.pass(25_000);
    const items = await f.outbox.leaseDue({ withinMs: 60_000, leaseMs: 60_000, limit: 10 });
    expect(items.map(({ taskId, generation, task }) => [taskId, generation, task.id, task.queue])).toEqual([
      [first, 0, first, 'default'],
      [soon, 0, soon, 'default'],
    ]);
    expect(items[0]!.dueInMs).toBeLessThanOrEqual(-5000);
    expect(items[1]!.dueInMs).toBeGreaterThan(0);
    expect(items[1]!.dueInMs).toBeLessThanOrEqual(25_000);
  });

  test('leases no more than is asked for, and nothing twice until the lease has run out', async () => {
    await using f = await open();
    const [a, b] = [newId(), newId()];
    await f.put(a, 0);
    await f.put(b, 1000);
    expect(await lease(f.outbox, 1)).toEqual([a]);
    expect(await lease(f.outbox)).toEqual([b]);
    await f.pass(30_000);
    expect(await lease(f.outbox)).toEqual([]);
    await f.pass(31_000);
    expect(await lease(f.outbox)).toEqual([a, b]);
  });

  test('what is released is leased again after its delay', async () => {
    await using f = await open();
    const [a, b] = [newId(), newId()];
    await f.put(a, 0);
    await f.put(b, 1000);
    await lease(f.outbox);
    await f.outbox.release([{ taskId: a, generation: 0 }], 0);
    await f.outbox.release([{ taskId: b, generation: 0 }], 30_000);
    expect(await lease(f.outbox)).toEqual([a]);
    await f.pass(31_000);
    expect(await lease(f.outbox)).toEqual([b]);
  });

  test('what was published is gone; a message of another generation, or of no task, is none of it', async () => {
    await using f = await open();
    const [a, b] = [newId(), newId()];
    await f.put(a, 0);
    await f.put(b, 1000);
    await lease(f.outbox);
    const others = [
      { taskId: b, generation: 3 },
      { taskId: newId(), generation: 0 },
    ];
    await f.outbox.published([{ taskId: a, generation: 0 }, ...others]);
    await f.outbox.release(others, 0);
    expect(await lease(f.outbox)).toEqual([]);
    await f.pass(61_000);
    expect(await lease(f.outbox)).toEqual([b]);
  });
});
