import type { IncomingResult } from '@lovage/celery';
import type { TaskRow } from '@lovage/ports';
import { silentLog, TestClock } from '@lovage/testing';
import { progressOf } from './progress.ts';
import { PLAN_LATE } from './watch.ts';
import { WatchList } from './watch-list.ts';

function setUp() {
  const rows = new Map<string, Partial<TaskRow>>();
  const clock = new TestClock();
  const tasks = {
    getMany: async (ids: readonly string[]) => ids.flatMap((id) => (rows.get(id) as TaskRow | undefined) ?? []),
    finished: async (ids: readonly string[]) =>
      ids.map((id) => rows.get(id) as TaskRow).filter((row) => row?.state === 'SUCCESS' || row?.state === 'FAILURE'),
  };
  const list = new WatchList({ tasks, clock, log: silentLog });
  const iterate = (signal?: AbortSignal) => progressOf(list, 'a', { plan: PLAN_LATE, mustExist: false, signal });
  return { rows, clock, list, iterate };
}

const report = (result: unknown): IncomingResult => ({
  taskId: 'a',
  status: 'PROGRESS',
  state: 'PROGRESS',
  result,
  traceback: null,
  error: undefined,
  children: [],
});
const end = (): IncomingResult => ({ ...report(null), status: 'FAILURE', state: 'FAILURE' });

describe('progress', () => {
  test('gives each report in order, also those before the loop asks for the next, and ends with the task', async () => {
    const { list, iterate, clock } = setUp();
    const values = iterate();
    const first = values.next();
    list.notify('a', report(10));
    expect(await first).toEqual({ done: false, value: 10 });
    for (const value of [20, 20, 30]) list.notify('a', report(value));
    list.notify('a', end());
    const rest: unknown[] = [];
    for await (const value of values) rest.push(value);
    expect(rest).toEqual([20, 20, 30]);
    expect(list.size).toBe(0);
    await clock.advance(10_000);
    expect(clock.pending).toBe(0);
  });

  test('a report whose reply got lost follows from the row, none comes twice, none goes back', async () => {
    const { rows, clock, list, iterate } = setUp();
    rows.set('a', { id: 'a', state: 'PROGRESS', progress: { percent: 10 } });
    const values = iterate();
    const seen: unknown[] = [];
    const done = (async () => {
      for await (const value of values) seen.push((value as { percent: number }).percent);
    })();
    await clock.advance(0);
    list.notify('a', report({ percent: 20 }));
    await clock.advance(1000);
    list.notify('a', report({ percent: 30 }));
    rows.set('a', { id: 'a', state: 'PROGRESS', progress: { percent: 20 } });
    await clock.advance(2000);
    rows.set('a', { id: 'a', state: 'SUCCESS', progress: { percent: 100 }, error: null });
    await clock.advance(4000);
    await done;
    expect(seen).toEqual([10, 20, 30, 100]);
  });

  test('a row that tells sooner than the reply makes no report come twice', async () => {
    const { rows, clock, list, iterate } = setUp();
    rows.set('a', { id: 'a', state: 'PROGRESS', progress: 70 });
    const values = iterate();
    const first = values.next();
    await clock.advance(0);
    expect((await first).value).toBe(70);
    for (const value of [70, 80, 70]) list.notify('a', report(value));
    list.notify('a', end());
    const rest: unknown[] = [];
    for await (const value of values) rest.push(value);
    expect(rest).toEqual([80, 70]);
  });

  test('leaving the loop, an abort and the stop of the client all end it', async () => {
    const { list, iterate } = setUp();
    const left = iterate();
    const pending = left.next();
    list.notify('a', report(1));
    await pending;
    await left.return();
    expect(list.size).toBe(0);

    const controller = new AbortController();
    const aborted = iterate(controller.signal).next();
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    expect(list.size).toBe(0);
    await expect(iterate(controller.signal).next()).rejects.toThrow('enough');

    const stopped = iterate().next();
    list.stop();
    await expect(stopped).rejects.toMatchObject({ code: 'client_stopped' });
  });

  test('a loop that is far behind gets the latest thousand', async () => {
    const { list, iterate } = setUp();
    const values = iterate();
    const first = values.next();
    for (let n = 0; n <= 5000; n += 1) list.notify('a', report(n));
    list.notify('a', end());
    const seen = [(await first).value];
    for await (const value of values) seen.push(value);
    expect(seen.length).toBe(1000);
    expect(seen.at(-1)).toBe(5000);
  });
});
