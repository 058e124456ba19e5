import type { IncomingResult } from '@lovage/celery';
import { newId } from '@lovage/foundation';
import { StoreUnavailableError, type TaskRow } from '@lovage/ports';
import type { TaskState } from '@lovage/task';
import { RecordingLog, TestClock } from '@lovage/testing';
import type { TaskOutcome } from './outcome.ts';
import { waitFor } from './wait.ts';
import { PLAN_LATE, PLAN_POLL, PLAN_REPLY } from './watch.ts';
import { WatchList } from './watch-list.ts';

class FakeRows {
  readonly rows = new Map<string, TaskRow>();
  readonly queries: number[] = [];
  readonly gets: (readonly string[])[] = [];
  away = false;

  put(id: string, state: TaskState, columns: Partial<TaskRow> = {}): void {
    this.rows.set(id, {
      id,
      state,
      name: 'test.echo',
      result: null,
      error: null,
      progress: null,
      ...columns,
    } as TaskRow);
  }

  async finished(ids: readonly string[]): Promise<TaskRow[]> {
    this.queries.push(ids.length);
    if (this.away) throw new StoreUnavailableError('away');
    return ids.flatMap((id) => {
      const row = this.rows.get(id);
      return row && ['SUCCESS', 'FAILURE', 'REVOKED', 'EXPIRED', 'DEAD'].includes(row.state) ? [row] : [];
    });
  }

  async getMany(ids: readonly string[]): Promise<TaskRow[]> {
    this.gets.push(ids);
    return ids.flatMap((id) => this.rows.get(id) ?? []);
  }
}

function setUp() {
  const tasks = new FakeRows();
  const clock = new TestClock();
  const log = new RecordingLog();
  const list = new WatchList({ tasks, clock, log });
  const wait = (id: string, options: Partial<Parameters<typeof waitFor>[3]> = {}) =>
    waitFor(list, clock, id, {
      timeoutMs: undefined,
      signal: undefined,
      plan: PLAN_REPLY,
      mustExist: false,
      ...options,
    });
  return { tasks, clock, log, list, wait };
}

function reply(state: TaskState, result: unknown = null): IncomingResult {
  return { taskId: 'x', status: state, state, result, traceback: null, error: undefined, children: [] };
}

/** What a promise has come to, without waiting for it. */
async function peek<T>(promise: Promise<T>): Promise<T | 'waiting' | { failed: unknown }> {
  const waiting = new Promise<'waiting'>((resolve) => setImmediate(() => resolve('waiting')));
  return Promise.race([promise.catch((failed: unknown) => ({ failed })), waiting]);
}

describe('waiting for tasks', () => {
  test('a reply ends every wait for its task, and no row is read', async () => {
    const { tasks, clock, list, wait } = setUp();
    const [one, two] = [wait('a'), wait('a')];
    const other = wait('b');
    list.notify('a', reply('STARTED'));
    list.notify('a', reply('RETRY'));
    expect(await peek(one.ended)).toBe('waiting');
    list.notify('a', reply('SUCCESS', 7));
    const success: TaskOutcome = { state: 'SUCCESS', result: 7, error: null };
    expect(await Promise.all([one.ended, two.ended])).toEqual([{ outcome: success }, { outcome: success }]);
    expect(await peek(other.ended)).toBe('waiting');
    expect(list.size).toBe(1);
    await clock.advance(999);
    expect(tasks.queries).toEqual([]);
    other.cancel(new Error('enough'));
    await expect(other.ended).rejects.toThrow('enough');
  });

  test('a lost reply is made up for within a second, by one query for all who wait', async () => {
    const { tasks, clock, list, wait } = setUp();
    const ids = Array.from({ length: 300 }, newId);
    const waits = ids.map((id) => wait(id).ended);
    for (const id of ids.slice(0, 299)) tasks.put(id, 'SUCCESS', { result: id });
    await clock.advance(1000);
    expect(tasks.queries).toEqual([300]);
    expect((await Promise.all(waits.slice(0, 299))).map(({ outcome }) => outcome.result)).toEqual(ids.slice(0, 299));
    expect(list.size).toBe(1);
    await clock.advance(60_000);
    // 2 s, 4 s, then each 5 s.
    expect(tasks.queries.slice(1)).toEqual(Array.from({ length: 12 }, () => 1));
    tasks.put(ids[299]!, 'EXPIRED');
    await clock.advance(5000);
    expect((await waits[299]!).outcome.state).toBe('EXPIRED');
    expect([list.size, clock.pending]).toEqual([0, 0]);
  });

  test('what may have ended before is looked for at once; what gets no reply, often', async () => {
    const { tasks, clock, wait } = setUp();
    tasks.put('a', 'SUCCESS', { result: 1 });
    const early = wait('a', { plan: PLAN_LATE });
    const polled = wait('b', { plan: PLAN_POLL });
    await clock.advance(0);
    expect((await early.ended).row?.result).toBe(1);
    await clock.advance(340);
    tasks.put('b', 'SUCCESS');
    await clock.advance(10);
    expect((await polled.ended).outcome.state).toBe('SUCCESS');
  });

  test('a timeout, an abort, an unknown id and the client’s stop end a wait and leave nothing behind', async () => {
    const { clock, list, tasks, wait } = setUp();
    const timed = wait('a', { timeoutMs: 500 });
    const controller = new AbortController();
    const aborted = wait('b', { signal: controller.signal });
    const unknown = wait('c', { plan: PLAN_POLL, mustExist: true });
    tasks.put('d', 'STARTED');
    const known = wait('d', { plan: PLAN_POLL, mustExist: true });
    const ends = [timed, aborted, unknown].map(({ ended }) => ended.catch((error: unknown) => error));
    controller.abort(new Error('not needed'));
    await clock.advance(500);
    expect(await Promise.all(ends)).toMatchObject([
      { code: 'result_timeout', taskId: 'a', timeoutMs: 500 },
      { message: 'not needed' },
      { code: 'task_unknown', taskId: 'c' },
    ]);
    expect(await peek(known.ended)).toBe('waiting');
    list.stop();
    await expect(known.ended).rejects.toMatchObject({ code: 'client_stopped' });
    expect([list.size, clock.pending]).toEqual([0, 0]);
    await expect(wait('e', { signal: controller.signal }).ended).rejects.toThrow('not needed');
    expect(list.size).toBe(0);
  });

  test('many that are awaited from elsewhere are read together, whether they are there or not', async () => {
    const { clock, tasks, list, wait } = setUp();
    const ids = Array.from({ length: 1200 }, (_, i) => String(i));
    for (const id of ids.slice(0, 900)) tasks.put(id, 'STARTED');
    const ends = ids.map((id) =>
      wait(id, { plan: PLAN_POLL, mustExist: true }).ended.then(
        ({ outcome }) => outcome.state,
        ({ code }: { code: string }) => code,
      ),
    );
    await clock.advance(0);
    expect(tasks.queries).toEqual([500, 500, 200]);
    expect(tasks.gets.map(({ length }) => length)).toEqual([500, 500, 200]);
    expect(new Set(await Promise.all(ends.slice(900)))).toEqual(new Set(['task_unknown']));
    expect(list.size).toBe(900);
    for (const id of ids.slice(0, 900)) tasks.put(id, 'SUCCESS');
    await clock.advance(50);
    expect(new Set(await Promise.all(ends.slice(0, 900)))).toEqual(new Set(['SUCCESS']));
    expect(tasks.gets.length).toBe(3);
  });

  test('while Postgres is away callers wait on', async () => {
    const { tasks, clock, log, wait } = setUp();
    tasks.away = true;
    const one = wait('a');
    await clock.advance(3000);
    expect(tasks.queries.length).toBe(2);
    expect(await peek(one.ended)).toBe('waiting');
    expect(log.entries.every(({ level }) => level === 'debug')).toBe(true);
    tasks.away = false;
    tasks.put('a', 'DEAD', { error: { type: 'WorkerLost', message: 'killed' } });
    await clock.advance(4000);
    expect((await one.ended).outcome).toEqual({
      state: 'DEAD',
      result: null,
      error: { type: 'WorkerLost', message: 'killed' },
    });
  });

  test('ten thousand waits that time out, and ten thousand that are answered, hold nothing', async () => {
    const { clock, list, tasks, wait } = setUp();
    const ids = Array.from({ length: 10_000 }, (_, i) => String(i));
    const timed = ids.map((id) => wait(id, { timeoutMs: 100 + (Number(id) % 800) }).ended.catch(() => 'late'));
    const answered = ids.map((id) => wait(`x${id}`).ended);
    for (const id of ids) list.notify(`x${id}`, reply('SUCCESS', id));
    await Promise.all(answered);
    await clock.advance(899);
    expect(new Set(await Promise.all(timed))).toEqual(new Set(['late']));
    expect(list.size).toBe(0);
    await clock.advance(1000);
    expect(clock.pending).toBe(0);
    expect(tasks.queries).toEqual([]);
  });

  test('a check reads now, and does not make a wait be read twice as often', async () => {
    const { tasks, clock, list, wait } = setUp();
    const one = wait('a');
    list.check('a');
    list.check('a');
    list.check('nobody');
    expect(tasks.queries).toEqual([1]);
    expect(await peek(one.ended)).toBe('waiting');
    await clock.advance(2000);
    expect(tasks.queries).toEqual([1, 1]);
    tasks.put('a', 'REVOKED', { error: { type: 'Revoked', message: 'wrong order' } });
    list.check('a');
    expect((await one.ended).outcome).toMatchObject({ state: 'REVOKED', error: { message: 'wrong order' } });
  });
});
