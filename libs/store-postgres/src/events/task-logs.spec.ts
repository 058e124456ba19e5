import { insertOne } from '@lovage/testing';
import { TASK_STATES, type TaskState } from '@lovage/task';
import type { NewTaskLogLine } from '@lovage/ports';
import { newId } from '@lovage/foundation';
import { claimOf, fixture, newTask, type StoreFixture } from '../testing/fixture.ts';
import { versionOf } from './version.ts';

let f: StoreFixture;
beforeEach(async () => {
  f = await fixture();
});
afterEach(() => f[Symbol.asyncDispose]());

const line = (taskId: string, message: string, attempt = 1): NewTaskLogLine => ({
  ...{ taskId, message, attempt },
  ...{ at: 1_700_000_000_123, level: 'info', fields: '{"a":"\\"\\u0000"}' },
});
const read = (id: string) => f.store.events.logs(id, { after: 0, limit: 2000 });

test('lines are numbered in order for each task, on over batches and attempts', async () => {
  const [a, b] = [newId(), newId()];
  await f.store.logs.write([line(a, 'a1'), line(b, 'b1 "quoted" \\ and, {more}'), line(a, 'a2')]);
  await f.store.logs.write([line(a, 'a3', 2)]);
  expect((await read(a)).map(({ no, message, attempt }) => [no, message, attempt])).toEqual([
    [1, 'a1', 1],
    [2, 'a2', 1],
    [3, 'a3', 2],
  ]);
  expect(await read(b)).toEqual([
    {
      no: 1,
      attempt: 1,
      at: 1_700_000_000_123,
      level: 'info',
      message: 'b1 "quoted" \\ and, {more}',
      fields: { a: '"\0' },
    },
  ]);
  expect((await f.store.events.logs(a, { after: 1, limit: 1 })).map(({ no }) => no)).toEqual([2]);
});

test('a task keeps its first thousand lines', async () => {
  const id = newId();
  for (let i = 0; i < 11; i += 1)
    await f.store.logs.write(Array.from({ length: 100 }, (_, n) => line(id, `${i * 100 + n + 1}`)));
  const lines = await read(id);
  expect(lines.map(({ message }) => Number(message))).toEqual(Array.from({ length: 1000 }, (_, n) => n + 1));
});

test('each change that the store makes raises the version', async () => {
  const worker = await f.worker();
  const task = newTask();
  const seen: number[] = [];
  const look = async () => {
    const [found] = await f.store.events.versions([task.id, newId()]);
    const snapshot = (await f.store.events.snapshot(task.id))!;
    expect(found).toEqual({ id: task.id, version: snapshot.version, lastLogNo: 0 });
    seen.push(found!.version);
  };
  const claimed = async (generation: number) => {
    const claim = claimOf(task, { generation });
    expect(await f.store.tasks.claim(worker, [claim], { durable: true })).toHaveLength(1);
    await look();
    return { id: task.id, claimNo: claim.claimNo };
  };
  await insertOne(f.store.tasks, task, { delayMs: 0, leaseMs: 0 });
  await look();
  await f.store.outbox.published([{ taskId: task.id, generation: 0 }]);
  await look();
  let claim = await claimed(0);
  for (const percent of [1, 2]) {
    await f.store.tasks.progress(worker.id, [{ ...claim, progress: `${percent}` }]);
    await look();
  }
  for (const [generation, kind] of (['retry', 'snooze', 'release'] as const).entries()) {
    await f.store.tasks.postpone(worker.id, [{ ...claim, kind, delayMs: 0, error: null }]);
    await look();
    claim = await claimed(generation + 1);
  }
  await f.store.tasks.record(worker.id, [{ ...claim, state: 'SUCCESS', result: '1', error: null }]);
  await look();
  expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
});

test('what requeues a task raises the version over that of any state', () => {
  const version = (state: TaskState, generation: number, suspected: number) =>
    versionOf({ state, turn: generation, suspected, progress_no: 3 });
  for (const before of TASK_STATES)
    for (const after of TASK_STATES.filter((state) => state !== 'PENDING' && state !== before)) {
      if (['SUCCESS', 'FAILURE', 'REVOKED', 'EXPIRED', 'DEAD'].includes(before)) continue;
      expect(version(after, 1, 0)).toBeGreaterThan(version(before, 0, 0));
      expect(version(after, 0, 1)).toBeGreaterThan(version(before, 0, 0));
    }
});
