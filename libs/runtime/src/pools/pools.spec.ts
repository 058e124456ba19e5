import { jest } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { newId } from '@lovage/foundation';
import type { TaskRow } from '@lovage/ports';
import type { TaskOptions } from '@lovage/task';
import { eventually } from '@lovage/testing';
import type { WorkerOptions } from '../options.ts';
import type { SubmitChild } from '../run/task-run.ts';
import { deed, handle } from '../testing/child-tasks.ts';
import { children, Fixture } from '../testing/fixture.ts';

/** A child boots the application from its sources; several at once on a busy machine take their time. */
const SLOW = { timeoutMs: 90_000 };
jest.setTimeout(120_000);

type Options = Partial<WorkerOptions> & { submitChild?: SubmitChild; defaults?: TaskOptions };

/** A worker of the deeds in one pool. */
async function open(pool: 'async' | 'thread' | 'process', options: Options = {}) {
  const f = await Fixture.open();
  const { defaults, ...rest } = options;
  const worker = await f.worker(deed({ pool, ...defaults }), handle, { children: await children(), ...rest });
  const send = (name: string, value: unknown = null, overrides = {}) =>
    f.send(null, { name: 'test.deed', inputJson: JSON.stringify({ deed: name, value }), ...overrides });
  const ended = (id: string): Promise<TaskRow> =>
    eventually(async () => {
      const row = await f.store.tasks.get(id);
      return row?.finishedAt ? row : undefined;
    }, SLOW);
  return {
    f,
    worker,
    send,
    ended,
    does: async (name: string, value: unknown = null, overrides = {}) => ended(await send(name, value, overrides)),
    running: (id: string) => eventually(async () => (await f.store.tasks.get(id))?.state === 'PROGRESS', SLOW),
    attempts: (id: string) =>
      f.db.query<{ outcome: string; error: { type: string; data: Record<string, unknown> } | null }>(
        'select outcome, error from attempts where task_id = $1 order by ended_at',
        [id],
      ),
    [Symbol.asyncDispose]: () => f[Symbol.asyncDispose](),
  };
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe.each(['thread', 'process'] as const)('the pool %s', (pool) => {
  test('gives a handler its input and its context, and keeps its child', async () => {
    await using p = await open(pool);
    const [parentId, rootId] = [newId(), newId()];
    const scheduledFor = Date.UTC(2026, 0, 1);
    const id = await p.send('tellContext', null, { parentId, rootId, newTask: { extra: { scheduledFor } } });
    expect(await p.ended(id)).toMatchObject({
      state: 'SUCCESS',
      result: {
        ...{ id, name: 'test.deed', queue: 'default', attempt: 1, parentId, rootId, userId: null },
        ...{ isLastAttempt: true, scheduledFor: '2026-01-01T00:00:00.000Z' },
      },
    });
    const [first, second] = [await p.does('where'), await p.does('where')];
    expect(first.result).toMatchObject({ served: 2 });
    expect(second.result).toEqual({ ...(first.result as object), served: 3 });
    expect((first.result as { pid: number }).pid === process.pid).toBe(pool === 'thread');
    expect(p.worker.children()[pool]).toEqual({ alive: 1, died: 0 });
  });

  test('errors cross with type, message, data, stack, code and what they mean for retries', async () => {
    await using p = await open(pool, { defaults: { retry: { maxAttempts: 2, delay: 0 } } });
    expect(await p.does('declared')).toMatchObject({
      ...{ state: 'FAILURE', retries: 0 },
      error: { type: 'Refused', message: 'Refused', data: { reason: 'no', at: '1970-01-01T00:00:00.000Z' } },
    });
    const invalid = await p.ended(await p.send('', null, { inputJson: '{"wrong":1}' }));
    expect(invalid).toMatchObject({ state: 'FAILURE', retries: 0, error: { type: 'InputInvalidError' } });
    const arguments_ = await p.ended(await p.send('', null, { inputJson: null, args: [1, 2, 3] }));
    expect(arguments_).toMatchObject({ state: 'FAILURE', retries: 0, error: { type: 'TypeError' } });
    expect(await p.does('bigint')).toMatchObject({ retries: 0, error: { type: 'OutputInvalidError' } });
    expect(await p.does('badProgress')).toMatchObject({ retries: 0, error: { type: 'OutputInvalidError' } });
    const id = await p.send('throws', 'boom');
    await eventually(async () => (await p.attempts(id)).length === 1, SLOW);
    expect(await p.attempts(id)).toMatchObject([{ outcome: 'RETRY', error: { type: 'RangeError', message: 'boom' } }]);
    expect((await p.attempts(id))[0]!.error).toMatchObject({ stack: expect.stringContaining('child-tasks.ts') });
    const text = await p.send('throwsText');
    await eventually(async () => (await p.attempts(text)).length === 1, SLOW);
    expect(await p.attempts(text)).toMatchObject([{ error: { type: 'Error', message: 'a text' } }]);
  });

  test('a retry, a snooze and a rejection are asked for from within', async () => {
    await using p = await open(pool, { defaults: { retry: { maxAttempts: 2 } } });
    const [retried, snoozed] = [await p.send('retry'), await p.send('snooze', 60_000)];
    await eventually(async () => (await p.attempts(retried)).length + (await p.attempts(snoozed)).length === 2, SLOW);
    expect(await p.attempts(retried)).toMatchObject([
      { outcome: 'RETRY', error: { type: 'TypeError', message: 'first' } },
    ]);
    expect(await p.attempts(snoozed)).toMatchObject([{ outcome: 'SNOOZED', error: null }]);
    expect(await p.f.store.tasks.get(snoozed)).toMatchObject({ state: 'SCHEDULED', retries: 0, generation: 1 });
    await p.send('retry', null, { id: retried, generation: 1, hasRow: true });
    expect(await p.ended(retried)).toMatchObject({ state: 'SUCCESS', result: 'attempt 2', retries: 1 });
    expect(await p.ended(await p.send('reject', 'not mine'))).toMatchObject({
      ...{ state: 'FAILURE', retries: 0, error: { type: 'Reject', message: 'not mine', code: 'reject_requested' } },
    });
  });

  test('a recorded step is not done again by a later attempt, in another child', async () => {
    await using p = await open(pool, {
      defaults: { retry: { maxAttempts: 2 } },
      children: await children({ maxTasks: 1 }),
    });
    const file = join(await mkdtemp(join(tmpdir(), 'lovage-once-')), 'ran');
    const id = await p.send('once', file);
    await eventually(async () => (await p.attempts(id)).length === 1, SLOW);
    await p.send('once', file, { id, generation: 1, hasRow: true });
    expect(await p.ended(id)).toMatchObject({
      state: 'SUCCESS',
      retries: 1,
      result: { at: '1970-01-01T00:00:00.000Z' },
    });
    expect(await readFile(file, 'utf8')).toBe('x');
    await rm(dirname(file), { recursive: true });
  });

  test('progress and log lines are kept before the end is', async () => {
    await using p = await open(pool);
    expect(await p.does('progress')).toMatchObject({ state: 'SUCCESS', progress: { percent: 30 } });
    const { id } = await p.does('log');
    const lines = await p.f.db.query('select level, message, fields from task_logs where task_id = $1 order by no', [
      id,
    ]);
    expect(lines).toMatchObject([
      { level: 'info', message: 'a line', fields: { n: 1, err: { type: 'RangeError', message: 'a field' } } },
      { level: 'warn', message: 'a function', fields: { f: '[function f]' } },
    ]);
    expect(p.f.log.entries).toContainEqual(
      expect.objectContaining({ message: 'a line', fields: expect.objectContaining({ task: id, attempt: 1 }) }),
    );
  });

  test('a task is submitted by the worker, whose answer comes back', async () => {
    const asked: unknown[] = [];
    const submitChild: SubmitChild = async (contract, input, parent, options) => {
      asked.push([contract.name, input, parent, options]);
      if ((input as { n: number }).n < 0) throw Object.assign(new Error('not negative'), { code: 'refused' });
      return { id: `the-id of ${(input as { n: number }).n}`, fresh: true, earlier: undefined };
    };
    await using f = await Fixture.open();
    const { other } = await import('../testing/child-tasks.ts');
    await f.worker(deed({ pool }), handle, { children: await children(), submitChild, contract: () => other });
    const send = (n: number) =>
      f.send(null, { name: 'test.deed', inputJson: JSON.stringify({ deed: 'submit', value: n }) });
    const id = await send(5);
    expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS', result: 'the-id of 5' });
    expect(asked).toEqual([['test.other', { n: 5 }, { id, rootId: id, userId: null }, { key: 'k' }]]);
    expect(await f.ended(await send(-1))).toMatchObject({ state: 'FAILURE', error: { message: 'not negative' } });
  });

  test('thousands that are submitted at once go in questions of a hundred; a bad one fails alone', async () => {
    const asked: number[] = [];
    let most = 0;
    let underWay = 0;
    const submitChild: SubmitChild = async (_contract, input) => {
      underWay += 1;
      most = Math.max(most, underWay);
      const { n } = input as { n: number };
      await new Promise((resolve) => setImmediate(resolve));
      underWay -= 1;
      if (n === 13) throw Object.assign(new Error('unlucky'), { code: 'refused' });
      asked.push(n);
      return { id: String(n), fresh: n % 2 === 0, earlier: n % 2 === 0 ? undefined : 'unique' };
    };
    await using f = await Fixture.open();
    const { other } = await import('../testing/child-tasks.ts');
    await f.worker(deed({ pool }), handle, { children: await children(), submitChild, contract: () => other });
    const does = async (name: string, value: unknown) =>
      f.ended(await f.send(null, { name: 'test.deed', inputJson: JSON.stringify({ deed: name, value }) }));
    expect(await does('fanOut', 1200)).toMatchObject({
      state: 'SUCCESS',
      result: { failed: 2, message: '2 of 1200 tasks were not submitted; the first of them: unlucky', fresh: 599 },
    });
    expect(asked.length).toBe(1198);
    expect(most).toBeLessThanOrEqual(500);
    asked.length = 0;
    expect(await does('all', 1200)).toMatchObject({ state: 'SUCCESS', result: 1198 });
    expect(asked.length).toBe(1198);
    // Not waited for: what was submitted before the end is.
    asked.length = 0;
    expect(await does('leave', 30)).toMatchObject({ state: 'SUCCESS' });
    await eventually(() => asked.length === 29);
  });

  test('the soft limit aborts the signal, with its code and class', async () => {
    await using p = await open(pool, { defaults: { softTimeLimit: '100ms' } });
    expect(await p.does('wait')).toMatchObject({
      state: 'SUCCESS',
      result: { code: 'soft_time_limit_exceeded', name: 'SoftTimeLimitExceeded' },
    });
    expect(await p.does('waitThrowing')).toMatchObject({ state: 'FAILURE', error: { type: 'SoftTimeLimitExceeded' } });
  });

  test('the hard limit ends a handler that computes for ever; its slot is free again', async () => {
    await using p = await open(pool, { defaults: { timeLimit: '200ms' }, children: await children({ slots: 1 }) });
    const [stuck, next] = [await p.send('spin'), await p.send('echo', 'next')];
    const row = await p.ended(stuck);
    expect(row).toMatchObject({ state: 'FAILURE', retries: 0, error: { type: 'TimeLimitExceeded' } });
    expect(await p.ended(next)).toMatchObject({ state: 'SUCCESS', result: 'next' });
    expect(p.worker.children()[pool].died).toBe(0);
  });

  test('the hard limit comes after the signal had its chance, which spares the child', async () => {
    await using p = await open(pool, { defaults: { timeLimit: '200ms' } });
    const { result } = await p.does('where');
    expect(await p.does('waitThrowing')).toMatchObject({ error: { type: 'TimeLimitExceeded' } });
    expect((await p.does('where')).result).toEqual({ ...(result as object), served: 3 });
  });

  test('a child is replaced after its number of tasks', async () => {
    await using p = await open(pool, { children: await children({ slots: 1, maxTasks: 2 }) });
    const served = [];
    for (let n = 0; n < 5; n += 1) served.push(((await p.does('where')).result as { served: number }).served);
    expect(served).toEqual([1, 2, 1, 2, 1]);
    expect(p.worker.children()[pool].died).toBe(0);
  });

  test('a crash ends its task alone: the attempt is kept with its evidence, and the task comes again', async () => {
    await using p = await open(pool, { children: await children({ slots: 2 }), defaults: { retry: { delay: 0 } } });
    const [good, bad] = [await p.send('sleep', 1500), await p.send('exit', 3)];
    for (const id of [bad]) await eventually(async () => (await p.attempts(id)).length === 1, SLOW);
    expect(await p.attempts(bad)).toMatchObject([
      { outcome: 'CRASHED', error: { type: 'WorkerChildDied', data: { pool, exitCode: 3, signal: null } } },
    ]);
    expect(await p.f.store.tasks.get(bad)).toMatchObject({ state: 'RETRY', retries: 0, crashes: 1, generation: 1 });
    expect(await p.ended(good)).toMatchObject({ state: 'SUCCESS', result: 'slept', crashes: 0 });
    expect(await p.does('echo', 1)).toMatchObject({ state: 'SUCCESS' });
    expect(p.worker.children()[pool].died).toBe(1);
  });

  test.each(['rejection', 'asyncRejection'])(
    'a promise that nobody awaits (%s) is told of with its task, and ends nothing',
    async (kind) => {
      await using p = await open(pool, { children: await children({ slots: 1 }) });
      const told = p.worker.signals.escaped.next();
      const id = await p.send('leaves', { kind, ms: 50 });
      expect(await p.ended(id)).toMatchObject({ state: 'SUCCESS', result: 'well', retries: 0, crashes: 0 });
      expect(await told).toEqual({ kind: 'rejection', name: 'test.deed' });
      const { escaped } = await eventually(async () => {
        const row = await p.f.store.tasks.get(id);
        return row?.escaped ? row : undefined;
      }, SLOW);
      expect(escaped).toMatchObject({
        count: 1,
        last: { kind: 'rejection', attempt: 1, error: { type: 'RangeError', message: `left behind by ${kind}` } },
      });
      expect((await p.does('where')).result).toMatchObject({ served: 2 });
    },
  );

  test('what a timer throws after its task is told of with that; the child ends after what it runs, and nothing crashed', async () => {
    await using p = await open(pool, { children: await children({ slots: 1 }), concurrency: 4 });
    const told = p.worker.signals.escaped.next();
    const ids = [await p.send('leaves', { kind: 'timer' })];
    // In the very child in which the error comes, or after it: none of them is blamed.
    for (let n = 0; n < 20; n += 1) ids.push(await p.send('sleep', 5));
    for (const id of ids)
      expect(await p.ended(id)).toMatchObject({ state: 'SUCCESS', retries: 0, crashes: 0, suspected: 0 });
    expect(await told).toEqual({ kind: 'exception', name: 'test.deed' });
    expect(
      await eventually(async () => (await p.f.store.tasks.get(ids[0]!))?.escaped ?? undefined, SLOW),
    ).toMatchObject({
      last: { kind: 'exception', error: { message: 'left behind by timer' } },
    });
    expect(((await p.does('where')).result as { served: number }).served).toBeLessThan(22);
    expect(p.worker.children()[pool].died).toBe(0);
  });

  test.each([
    ['timer', 'left behind by timer'],
    ['socket', expect.stringContaining('ECONNREFUSED')],
  ])('an attempt whose own %s throws while it runs fails with that error, once', async (kind, message) => {
    await using p = await open(pool, { children: await children({ slots: 1 }) });
    const row = await p.does('leaves', { kind, hang: true });
    expect(row).toMatchObject({
      state: 'FAILURE',
      crashes: 0,
      error: { message },
    });
    expect((await p.does('where')).result).toMatchObject({ served: 1 });
    expect(p.worker.children()[pool].died).toBe(0);
  });

  test('too much memory ends its task alone, as failed', async () => {
    await using p = await open(pool, { children: await children({ slots: 2, maxMemoryMb: 150 }) });
    const [bad, good] = [await p.send(pool === 'process' ? 'growForEver' : 'growHeap'), await p.send('echo', 'good')];
    expect(await p.ended(bad)).toMatchObject({ state: 'FAILURE', crashes: 0, error: { type: 'MemoryLimitExceeded' } });
    expect(await p.ended(good)).toMatchObject({ state: 'SUCCESS' });
    expect(await p.does('echo', 1)).toMatchObject({ state: 'SUCCESS' });
  });

  test('a stop lets children finish, then aborts, then releases; none is left', async () => {
    await using p = await open(pool, { shutdownGrace: '1s', children: await children({ slots: 3 }) });
    const { result } = await p.does('where');
    const [soon, obeying, stuck] = [await p.send('sleep', 1), await p.send('wait'), await p.send('spinAfterTelling')];
    await Promise.all([p.running(obeying), p.running(stuck), p.ended(soon)]);
    await p.worker.stop();
    expect(await p.f.store.tasks.get(soon)).toMatchObject({ state: 'SUCCESS' });
    for (const id of [obeying, stuck]) {
      expect(await p.f.store.tasks.get(id)).toMatchObject({ state: 'QUEUED', generation: 1, retries: 0, crashes: 0 });
      expect(await p.attempts(id)).toMatchObject([{ outcome: 'RELEASED' }]);
    }
    expect(p.worker.children()[pool]).toMatchObject({ alive: 0, died: 0 });
    if (pool === 'process') expect(isAlive((result as { pid: number }).pid)).toBe(false);
  });

  test('an application that does not boot in a child: its task goes back, unburnt, for later', async () => {
    const boot = new URL('../testing/broken-child.ts', import.meta.url).href;
    await using p = await open(pool, { children: await children({ boot }) });
    const id = await p.send('echo', 1);
    await eventually(async () => (await p.attempts(id)).length === 1, SLOW);
    expect(await p.attempts(id)).toMatchObject([
      { outcome: 'RELEASED', error: { type: 'ChildBootFailed', message: expect.stringContaining('is broken') } },
    ]);
    expect(await p.f.store.tasks.get(id)).toMatchObject({ state: 'QUEUED', retries: 0, crashes: 0 });
    expect(await p.f.db.query('select due_at > now() as later from outbox')).toEqual([{ later: true }]);
  });

  test('a lost lease ends what runs here: another worker may run it by now', async () => {
    await using p = await open(pool);
    const id = await p.send('spinAfterTelling');
    await p.running(id);
    const settled = p.worker.signals.settled.next();
    const [lost] = await p.f.db.query<{ id: string }>('select id from workers');
    p.worker.leaseLost(lost!.id);
    expect(await settled).toEqual({ id, outcome: 'postponed' });
  });
});

describe('slots', () => {
  test('a full pool holds up no task of another, and nothing is claimed for which there is no slot', async () => {
    await using f = await Fixture.open();
    const slow = deed({ pool: 'process' });
    await f.worker(slow, handle, { children: await children({ slots: 1 }), concurrency: 5 });
    const send = (name: string) =>
      f.send(null, { name: 'test.deed', inputJson: JSON.stringify({ deed: name, value: 60_000 }) });
    const ids = await Promise.all([send('wait'), send('wait'), send('wait')]);
    await eventually(
      async () => (await f.db.query("select id from tasks where state = 'PROGRESS'")).length === 1,
      SLOW,
    );
    expect(await f.db.query('select id from tasks')).toHaveLength(1);
    expect(ids).toHaveLength(3);
  });
});

describe('a child process', () => {
  test.each([
    ['abort', 'SIGABRT'],
    ['kill', 'SIGKILL'],
  ])('that dies by %s tells its signal', async (how, signal) => {
    await using p = await open('process', { defaults: { retry: { delay: 0 } } });
    const id = await p.send(how);
    await eventually(async () => (await p.attempts(id)).length === 1, SLOW);
    expect(await p.attempts(id)).toMatchObject([{ outcome: 'CRASHED', error: { data: { signal, exitCode: null } } }]);
  });

  test('that has grown too large is replaced after its task', async () => {
    await using p = await open('process', { children: await children({ slots: 1, maxMemoryMb: 150 }) });
    const first = (await p.does('where')).result as { pid: number };
    expect(await p.does('grow', 110)).toMatchObject({ state: 'SUCCESS', result: 110 });
    const second = (await p.does('where')).result as { pid: number };
    expect(second.pid).not.toBe(first.pid);
    expect(p.worker.children().process.died).toBe(0);
  });

  test('leaves its last words as evidence', async () => {
    await using p = await open('process', { defaults: { maxCrashes: 1 } });
    const row = await p.does('say', 'the last words');
    expect(row).toMatchObject({ state: 'DEAD', error: { type: 'WorkerChildDied', data: { exitCode: 7 } } });
    expect((row.error!.data as { stderr: string }).stderr).toContain('the last words');
  });
});
