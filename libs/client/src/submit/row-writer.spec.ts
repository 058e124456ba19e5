import { newId } from '@lovage/foundation';
import { blankTask, StoreUnavailableError, type NewTask } from '@lovage/ports';
import { RecordingLog, TestClock } from '@lovage/testing';
import { RowWriter } from './row-writer.ts';

const task = (): NewTask => blankTask({ id: newId(), name: 'test.task', queue: 'default', input: '{}' });

class FakeRowStore {
  readonly batches: number[] = [];
  readonly written = new Set<string>();
  away = false;
  guilty: string | undefined;
  /** Called while a batch is being written. */
  onInsert: () => void = () => undefined;

  async insertQueued(tasks: readonly NewTask[]): Promise<void> {
    this.batches.push(tasks.length);
    this.onInsert();
    if (this.away) throw new StoreUnavailableError('away');
    if (tasks.some(({ id }) => id === this.guilty)) throw Object.assign(new Error('bad value'), { code: '22P05' });
    for (const { id } of tasks) this.written.add(id);
  }
}

function setUp(maxKept?: number) {
  const tasks = new FakeRowStore();
  const clock = new TestClock();
  const log = new RecordingLog();
  return { tasks, clock, log, writer: new RowWriter({ tasks, clock, log, maxKept }) };
}

describe('RowWriter', () => {
  test('what comes together goes in batches of at most 200', async () => {
    const { tasks, writer } = setUp();
    await Promise.all(Array.from({ length: 450 }, () => writer.write(task())));
    expect(tasks.written.size).toBe(450);
    expect(Math.max(...tasks.batches)).toBe(200);
    expect(tasks.batches.length).toBeLessThanOrEqual(4);
  });

  test('while Postgres is away writes still resolve, further ones without a try of their own, and all rows follow', async () => {
    const { tasks, clock, log, writer } = setUp();
    tasks.away = true;
    const rows = Array.from({ length: 300 }, task);
    await Promise.all(rows.slice(0, 100).map((row) => writer.write(row)));
    const tries = tasks.batches.length;
    await Promise.all(rows.slice(100).map((row) => writer.write(row)));
    expect(tasks.batches.length).toBe(tries);
    expect(writer.keptCount).toBe(300);
    await clock.advance(1000);
    expect(tasks.batches.length).toBeGreaterThan(tries);
    expect(writer.keptCount).toBe(300);
    tasks.away = false;
    const tried = writer.tried.next();
    await clock.advance(30_000);
    expect(await tried).toEqual({ left: 0 });
    expect([...tasks.written].sort()).toEqual(rows.map(({ id }) => id).sort());
    expect(log.entries.map(({ level }) => level)).toEqual(['warn', 'info']);
    await writer.write(task());
    expect(tasks.written.size).toBe(301);
    expect(clock.pending).toBe(0);
  });

  test('what was kept counts as missing until it is written', async () => {
    const { tasks, clock, writer } = setUp();
    tasks.away = true;
    const row = task();
    await writer.write(row);
    tasks.away = false;
    const told: boolean[] = [];
    tasks.onInsert = () => told.push(writer.keeps(row.id));
    const tried = writer.tried.next();
    await clock.advance(1000);
    await tried;
    expect([told, writer.keeps(row.id)]).toEqual([[true], false]);
  });

  test('keeps no more than it is told: the oldest go', async () => {
    const { tasks, writer } = setUp(150);
    tasks.away = true;
    const rows = Array.from({ length: 200 }, task);
    for (const row of rows) await writer.write(row);
    expect(writer.keptCount).toBe(150);
    tasks.away = false;
    await writer.stop();
    expect(tasks.written.has(rows[0]!.id)).toBe(false);
    expect(tasks.written.has(rows[199]!.id)).toBe(true);
    expect(tasks.written.size).toBe(150);
  });

  test('a row that Postgres refuses is missed alone', async () => {
    const { tasks, log, writer } = setUp();
    const rows = Array.from({ length: 20 }, task);
    tasks.guilty = rows[7]!.id;
    await Promise.all(rows.map((row) => writer.write(row)));
    expect(tasks.written.size).toBe(19);
    expect(log.entries).toMatchObject([{ level: 'error', fields: { taskId: rows[7]!.id } }]);
  });

  test('stop writes what was kept once more, and then drops it', async () => {
    const { tasks, log, writer, clock } = setUp();
    tasks.away = true;
    await writer.write(task());
    await writer.stop();
    expect(log.entries.at(-1)).toMatchObject({ level: 'warn', fields: { rows: 1 } });
    expect(clock.pending).toBe(0);
  });
});
