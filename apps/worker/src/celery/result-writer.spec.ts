import { Signal } from '@lovage/foundation';
import type { StoredState } from '@lovage/ports';
import type { HeldTask, TaskEvent } from '@lovage/runtime';
import { eventually, silentLog, TestClock } from '@lovage/testing';
import { ResultWriter } from './result-writer.ts';

class KeptStates {
  readonly batches: (readonly StoredState[])[] = [];
  readonly changed = new Signal<boolean>();
  isUp = true;

  store(states: readonly StoredState[]): Promise<void> {
    if (!this.isUp) return Promise.reject(new Error('away'));
    this.batches.push(states);
    return Promise.resolve();
  }

  onChange(listener: (isUp: boolean) => void): () => void {
    return this.changed.on(listener);
  }

  back(): void {
    this.isUp = true;
    this.changed.emit(true);
  }

  get written(): [string, unknown][] {
    return this.batches.flat().map(({ taskId, meta }) => [taskId, (JSON.parse(meta) as { status: unknown }).status]);
  }
}

const held = (id: string, ignoreResult = false): HeldTask =>
  ({ task: { id, ignoreResult, group: null, parentId: null }, endedAt: 0 }) as unknown as HeldTask;

function open(trackStarted = true) {
  const [backend, tasks, clock] = [new KeptStates(), new Signal<TaskEvent>(), new TestClock()];
  const worker = { name: 'w@h', signals: { tasks } } as never;
  const writer = new ResultWriter({ backend, worker, trackStarted, clock, log: silentLog });
  writer.start();
  return { backend, tasks, clock, writer };
}

test('states of one moment go together, in their order', async () => {
  const { backend, tasks } = open();
  tasks.emit({ kind: 'started', task: held('a') });
  tasks.emit({ kind: 'progressed', progress: '1', task: held('a') });
  tasks.emit({ kind: 'retried', error: { type: 'E', message: 'no' }, task: held('a') });
  tasks.emit({ kind: 'succeeded', result: '5', task: held('a') });
  tasks.emit({ kind: 'revoked', expired: true, ran: false, task: held('b') });
  await eventually(() => backend.written.length === 5);
  expect(backend.written).toEqual([
    ['a', 'STARTED'],
    ['a', 'PROGRESS'],
    ['a', 'RETRY'],
    ['a', 'SUCCESS'],
    ['b', 'REVOKED'],
  ]);
  expect(backend.batches).toHaveLength(1);
});

test('nothing of a task whose result nobody wants, and no start unless asked for', async () => {
  const { backend, tasks } = open(false);
  tasks.emit({ kind: 'succeeded', result: '5', task: held('a', true) });
  tasks.emit({ kind: 'started', task: held('b') });
  tasks.emit({ kind: 'failed', error: { type: 'E', message: 'no' }, task: held('b') });
  await eventually(() => backend.written.length > 0);
  expect(backend.written).toEqual([['b', 'FAILURE']]);
});

test('while the backend is away states wait, the oldest go beyond the bound, and all are written once it is back', async () => {
  const { backend, tasks, writer } = open();
  backend.isUp = false;
  for (let i = 0; i < 10_010; i += 1) tasks.emit({ kind: 'succeeded', result: String(i), task: held(String(i)) });
  expect([writer.waiting, writer.dropped]).toEqual([10_000, 10]);
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  backend.back();
  await eventually(() => writer.waiting === 0);
  expect(backend.written).toHaveLength(10_000);
  expect(backend.written[0]).toEqual(['10', 'SUCCESS']);
});

test('a stop waits for what is left, and not for a backend that is away', async () => {
  const here = open();
  here.tasks.emit({ kind: 'succeeded', result: '1', task: held('a') });
  await here.writer.stop();
  expect(here.backend.written).toEqual([['a', 'SUCCESS']]);
  const away = open();
  away.backend.isUp = false;
  away.tasks.emit({ kind: 'succeeded', result: '1', task: held('a') });
  const stopped = away.writer.stop();
  await away.clock.advance(2000);
  await stopped;
});
