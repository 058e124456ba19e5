import { deferred, newId } from '@lovage/foundation';
import { blankTask, StoreUnavailableError, ValueRefusedError, type NewTask, type TaskStore } from '@lovage/ports';
import { TestClock } from '@lovage/testing';
import { OutboxWriter } from './outbox-writer.ts';

const task = (id = newId()): NewTask => blankTask({ id, name: 'test.task', queue: 'default', input: '{}' });

type Items = Parameters<TaskStore['insertFirstMany']>[0];

class FakeOutboxStore {
  readonly batches: Items[] = [];
  readonly delays = new Map<string, number>();
  away = false;
  guilty: string | undefined;
  /** What each flush waits for. */
  line: Promise<void> = Promise.resolve();

  async insertFirstMany(items: Items): Promise<string[]> {
    this.batches.push(items);
    await this.line;
    if (this.away) throw new StoreUnavailableError('away');
    if (items.some(({ task: { id } }) => id === this.guilty)) throw new ValueRefusedError('bad value');
    for (const { task: row, delayMs } of items) this.delays.set(row.id, delayMs);
    return items.map(({ task: { id } }) => id);
  }
}

function setUp() {
  const tasks = new FakeOutboxStore();
  const clock = new TestClock();
  const writer = new OutboxWriter({ tasks, clock });
  return {
    tasks,
    clock,
    write: (row: NewTask, delayMs = 0) => writer.write(row, { delayMs, since: clock.monotonic() }),
  };
}

test('what comes together goes in batches of at most 200', async () => {
  const { tasks, write } = setUp();
  await Promise.all(Array.from({ length: 450 }, () => write(task(), 5000)));
  expect(tasks.delays.size).toBe(450);
  expect(Math.max(...tasks.batches.map(({ length }) => length))).toBe(200);
  expect(tasks.batches.length).toBeLessThanOrEqual(4);
});

test('the time that a task waits for its batch is off its delay, of which something is always left', async () => {
  const { tasks, clock, write } = setUp();
  const line = deferred();
  tasks.line = line.promise;
  // Both flushes are under way.
  const first = [write(task(), 5000)];
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  first.push(write(task(), 5000));
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  expect(tasks.batches.length).toBe(2);
  const [long, short, none] = [task(), task(), task()];
  const waiting = [write(long, 5000), write(short, 30), write(none)];
  await clock.advance(40);
  line.resolve();
  await Promise.all([...first, ...waiting]);
  expect([long, short, none].map(({ id }) => tasks.delays.get(id))).toEqual([4960, 1, 0]);
});

test('one that cannot be kept fails alone; a store that is away fails them all', async () => {
  const { tasks, write } = setUp();
  const rows = Array.from({ length: 5 }, () => task());
  tasks.guilty = rows[2]!.id;
  const outcomes = await Promise.allSettled(rows.map((row) => write(row)));
  expect(outcomes.map(({ status }) => status)).toEqual([
    'fulfilled',
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
  ]);
  expect(outcomes[2]).toMatchObject({ reason: { code: 'value_refused' } });
  expect(tasks.delays.size).toBe(4);
  tasks.away = true;
  const late = await Promise.allSettled([write(task()), write(task())]);
  expect(late.map((outcome) => outcome.status === 'rejected' && (outcome.reason as Error))).toEqual([
    expect.any(StoreUnavailableError),
    expect.any(StoreUnavailableError),
  ]);
});

test('the same task twice in a batch is one', async () => {
  const { tasks, write } = setUp();
  const row = task();
  await Promise.all([write(row, 1000), write(row, 2000)]);
  expect(tasks.batches.map((items) => items.map(({ delayMs }) => delayMs))).toEqual([[1000]]);
});
