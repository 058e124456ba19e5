import { newId } from '@lovage/foundation';
import { systemClock, type NewTaskLogLine } from '@lovage/ports';
import { deferred } from '@lovage/foundation';
import { RecordingLog, silentLog } from '@lovage/testing';
import type { TaskEntry } from '../entry.ts';
import { echo, Fixture } from '../testing/fixture.ts';
import { LogWriter } from './log-writer.ts';

const entryOf = (record = 'full'): TaskEntry =>
  ({ id: newId(), retries: 0, options: { record } }) as unknown as TaskEntry;

function writer(level: 'debug' | 'info' = 'info') {
  const written: NewTaskLogLine[] = [];
  const logs = { write: (lines: readonly NewTaskLogLine[]) => Promise.resolve(void written.push(...lines)) };
  return { written, logs: new LogWriter({ logs, level, clock: systemClock, log: silentLog }) };
}

test('lines below the level, and of tasks that keep nothing, are not written', async () => {
  const { written, logs } = writer();
  const entry = entryOf();
  logs.add(entry, 'debug', 'no', {});
  logs.add(entryOf('none'), 'error', 'no', {});
  expect(logs.written(entry)).toBeUndefined();
  logs.add(entry, 'info', 'yes', {});
  await logs.idle();
  expect(written.map(({ message, fields }) => [message, fields])).toEqual([['yes', null]]);
});

test('what Postgres could not keep is made fit, and no fields fail a task', async () => {
  const { written, logs } = writer();
  const round: Record<string, unknown> = {};
  round['self'] = round;
  const entry = entryOf();
  logs.add(entry, 'info', 'a\0b\ud800', {});
  logs.add(entry, 'info', 'x'.repeat(100_000), { big: 'y'.repeat(100_000) });
  logs.add(entry, 'info', 'round', round);
  logs.add(entry, 'error', 'failed', { err: new TypeError('no') });
  await logs.idle();
  expect(written[0]!.message).toBe('a\uFFFDb\uFFFD');
  expect(written[1]!.message).toHaveLength(8192);
  expect(JSON.parse(written[1]!.fields!)).toEqual({ omitted: expect.stringContaining('100') });
  expect(JSON.parse(written[2]!.fields!)).toEqual({ omitted: expect.stringContaining('no JSON') });
  expect(JSON.parse(written[3]!.fields!)).toMatchObject({ err: { type: 'TypeError', message: 'no' } });
});

test.each([
  ['lines', 'x', 1000],
  ['characters', 'x'.repeat(5000), 54],
])('an attempt that logs too many %s is cut, with a last word', async (_, message, kept) => {
  const { written, logs } = writer();
  const entry = entryOf();
  for (let i = 0; i < 5000; i += 1) logs.add(entry, 'info', message, {});
  await logs.idle();
  expect(written).toHaveLength(kept);
  expect(written.at(-1)).toMatchObject({ level: 'warn', message: expect.stringContaining('is not') });
});

test('lines that cannot be written are told once a batch, and hold nobody up', async () => {
  const log = new RecordingLog();
  const gate = deferred();
  const logs = new LogWriter({
    logs: { write: () => gate.promise.then(() => Promise.reject(new Error('away'))) },
    level: 'info',
    clock: systemClock,
    log,
  });
  const entry = entryOf();
  logs.add(entry, 'info', 'x', {});
  const written = logs.written(entry);
  expect(written).toBeDefined();
  gate.resolve();
  await written;
  expect(logs.written(entry)).toBeUndefined();
});

test('a task’s lines are there before its end is, in order, over its attempts', async () => {
  await using fixture = await Fixture.open();
  const contract = echo({ retry: { maxAttempts: 2, delay: '0s' } });
  await fixture.worker(contract, (input, task) => {
    for (let i = 0; i < 300; i += 1) task.log.info(`line ${i}`, { i });
    task.log.debug('hidden');
    task.progress({ percent: 1 });
    return input;
  });
  const ids = await Promise.all(Array.from({ length: 5 }, (_, i) => fixture.send(i)));
  for (const id of ids) {
    await fixture.ended(id);
    const lines = await fixture.store.events.logs(id, { after: 0, limit: 2000 });
    expect(lines.map(({ message }) => message)).toEqual(Array.from({ length: 300 }, (_, i) => `line ${i}`));
    expect(lines[299]).toMatchObject({ no: 300, attempt: 1, fields: { i: 299 } });
  }
});
