import { jest } from '@jest/globals';
import { eventually, revokeOne } from '@lovage/testing';
import { newId } from '@lovage/foundation';
import type { TaskOptions } from '@lovage/task';
import { deed, handle } from '../testing/child-tasks.ts';
import { children, Fixture } from '../testing/fixture.ts';

const SLOW = { timeoutMs: 90_000 };
jest.setTimeout(120_000);

async function open(defaults: TaskOptions = {}, slots = 2, concurrency = 10) {
  const f = await Fixture.open();
  const worker = await f.worker(deed(defaults), handle, {
    children: await children({ slots }),
    shutdownGrace: 0,
    concurrency,
  });
  return {
    f,
    worker,
    send: (name: string, value: unknown = null, overrides = {}) =>
      f.send(null, { name: 'test.deed', inputJson: JSON.stringify({ deed: name, value }), ...overrides }),
    /** A task that has to run in quarantine, in a group of at most so many. */
    async suspect(name: string, group: number, value: unknown = null): Promise<string> {
      const id = newId();
      await f.db.query(
        "insert into tasks (id, name, queue, state, suspected, suspicion, quarantine_group, input) values ($1, 'test.deed', 'default', 'QUEUED', 2, 2, $2, $3)",
        [id, group, JSON.stringify({ deed: name, value })],
      );
      return this.send(name, value, { id, hasRow: true });
    },
    ended: (id: string) =>
      eventually(async () => {
        const row = await f.store.tasks.get(id);
        return row?.finishedAt ? row : undefined;
      }, SLOW),
    attempts: (id: string) =>
      f.db.query<{ outcome: string; error: { type: string; data: Record<string, unknown> } | null }>(
        'select outcome, error from attempts where task_id = $1 order by ended_at',
        [id],
      ),
    [Symbol.asyncDispose]: () => f[Symbol.asyncDispose](),
  };
}

type Where = { pid: number; served: number };

describe('a suspect', () => {
  test('runs in a child process, also of the pool async, with others as far as its group allows; the child is kept', async () => {
    await using q = await open({ pool: 'async' }, 1);
    const group = await Promise.all([4, 4, 4].map((size) => q.suspect('where', size)));
    const pids = (await Promise.all(group.map((id) => q.ended(id)))).map(({ result }) => (result as Where).pid);
    expect(new Set(pids).size).toBe(1);
    expect(pids[0]).not.toBe(process.pid);
    expect((await q.ended(await q.suspect('where', 1))).result).toMatchObject({ pid: pids[0] });
    for (const id of group) expect(await q.ended(id)).toMatchObject({ state: 'SUCCESS', crashes: 0, retries: 0 });
    expect((await q.ended(await q.send('where'))).result).toMatchObject({ pid: process.pid });
  });

  test('is started when it runs, not before; it takes no slot while it waits, and goes back at a stop', async () => {
    await using q = await open({ pool: 'async' }, 1);
    const first = await q.suspect('wait', 1);
    await eventually(async () => (await q.f.store.tasks.get(first))?.state === 'PROGRESS', SLOW);
    const waiting = [await q.suspect('echo', 1), await q.suspect('echo', 1)];
    const others = await Promise.all(Array.from({ length: 30 }, (_, n) => q.send('echo', n)));
    for (const id of others) expect(await q.ended(id)).toMatchObject({ state: 'SUCCESS' });
    for (const id of waiting) expect(await q.f.store.tasks.get(id)).toMatchObject({ state: 'QUEUED', startedAt: null });
    expect(q.worker.children().process.alive).toBe(1);
    await q.worker.stop();
    expect(await q.f.store.tasks.get(first)).toMatchObject({
      state: 'QUEUED',
      generation: 1,
      suspected: 2,
      crashes: 0,
    });
    for (const id of waiting) expect(await q.f.store.tasks.get(id)).toMatchObject({ state: 'QUEUED', generation: 0 });
    expect(q.worker.children().process.alive).toBe(0);
  });
});

/** The bars of issue 11. */
describe('two hundred suspected together', () => {
  test('and innocent run beside each other, in no more than three rounds', async () => {
    await using q = await open({ pool: 'async', record: 'full' }, 2, 100);
    const ids = await Promise.all(Array.from({ length: 200 }, () => q.suspect('sleep', 100, 3000)));
    q.f.relay();
    for (const id of ids) expect(await q.ended(id)).toMatchObject({ state: 'SUCCESS', crashes: 0 });
    // However slow the machine is: the most tasks of which each began after the one before had ended.
    let rounds = 0;
    let over = new Date(0);
    for (const { started_at, finished_at } of await q.f.db.query<{ started_at: Date; finished_at: Date }>(
      'select started_at, finished_at from tasks order by finished_at',
    ))
      if (started_at >= over) [rounds, over] = [rounds + 1, finished_at];
    expect(rounds).toBeLessThanOrEqual(3);
    expect(q.worker.children().process.died).toBe(0);
  });

  test('one of them guilty: it is found in at most ten deaths, and is the only one dead', async () => {
    await using q = await open({ pool: 'async', retry: { delay: 0 } }, 2, 100);
    q.f.relay();
    const ids = await Promise.all(
      Array.from({ length: 200 }, (_, n) => (n === 77 ? q.suspect('kill', 100) : q.suspect('sleep', 100, 50))),
    );
    for (const [n, id] of ids.entries())
      expect(await q.ended(id)).toMatchObject(
        n === 77
          ? { state: 'DEAD', error: { type: 'WorkerChildDied', data: { signal: 'SIGKILL', together: 1 } } }
          : { state: 'SUCCESS', crashes: 0 },
      );
    expect(q.worker.children().process.died).toBeLessThanOrEqual(10);
    expect(q.worker.children().process.died).toBeGreaterThanOrEqual(3);
  });
});

describe.each(['thread', 'process'] as const)('poison in the pool %s', (pool) => {
  test('ends DEAD after its child has died so often, with the evidence; its neighbours succeed', async () => {
    await using q = await open({ pool, retry: { delay: 0 } });
    const replied = q.f.replied.next(({ status }) => status === 'FAILURE');
    const poison = await q.send('exit', 9);
    const good = await Promise.all(Array.from({ length: 6 }, (_, n) => q.send('echo', n)));
    for (const deaths of [1, 2]) {
      await eventually(async () => (await q.attempts(poison)).length === deaths, SLOW);
      expect(await q.f.store.tasks.get(poison)).toMatchObject({
        state: 'RETRY',
        generation: deaths,
        crashes: deaths,
        retries: 0,
      });
      // What the relay does with the outbox message of the next generation.
      await q.send('exit', 9, { id: poison, generation: deaths, hasRow: true });
    }
    expect(await q.ended(poison)).toMatchObject({
      ...{ state: 'DEAD', result: null, retries: 0, suspected: 0 },
      error: { type: 'WorkerChildDied', data: { pool: 'process', exitCode: 9, signal: null } },
    });
    expect(await q.attempts(poison)).toMatchObject([
      { outcome: 'CRASHED', error: { type: 'WorkerChildDied', data: { pool, exitCode: 9 } } },
      // From the first death on it runs in quarantine.
      { outcome: 'CRASHED', error: { type: 'WorkerChildDied', data: { pool: 'process', exitCode: 9 } } },
    ]);
    for (const [n, id] of good.entries())
      expect(await q.ended(id)).toMatchObject({ state: 'SUCCESS', result: n, crashes: 0, suspected: 0 });
    expect(await replied).toMatchObject({ taskId: poison, status: 'FAILURE', error: { type: 'WorkerChildDied' } });
  });

  test('of a contract without a row is counted as well', async () => {
    await using q = await open({ pool, record: 'final', maxCrashes: 2, retry: { delay: 0 } });
    const poison = await q.send('exit', 9);
    await eventually(async () => (await q.f.store.tasks.get(poison))?.crashes === 1, SLOW);
    await q.send('exit', 9, { id: poison, generation: 1, hasRow: true });
    expect(await q.ended(poison)).toMatchObject({ state: 'DEAD', error: { type: 'WorkerChildDied' } });
  });
});

test('suspicion alone never kills a task', async () => {
  await using q = await open({ pool: 'async', maxCrashes: 1 });
  const id = await q.suspect('where', 1);
  expect(await q.ended(id)).toMatchObject({ state: 'SUCCESS', crashes: 0 });
});

test('a task that was cancelled while it waited does not run', async () => {
  await using q = await open({ pool: 'async' }, 1);
  const first = await q.suspect('wait', 1);
  await eventually(async () => (await q.f.store.tasks.get(first))?.state === 'PROGRESS', SLOW);
  const second = await q.suspect('echo', 1);
  await revokeOne(q.f.store.tasks, second, { actor: 'a', reason: 'b' });
  expect(await q.ended(second)).toMatchObject({ state: 'REVOKED', startedAt: null });
  await revokeOne(q.f.store.tasks, first, { actor: 'a', reason: 'b' });
  expect(await q.ended(first)).toMatchObject({ state: 'REVOKED' });
  expect(await q.ended(await q.suspect('echo', 1, 1))).toMatchObject({ state: 'SUCCESS' });
});

test('a time limit of one ends the child, and others of its group run again unblamed', async () => {
  await using q = await open({ pool: 'async', retry: { maxAttempts: 1 } }, 1);
  q.f.relay();
  const other = await q.suspect('sleep', 10, 2500);
  const late = await q.suspect('wait', 10);
  await q.f.db.query('select 1');
  await eventually(async () => (await q.f.store.tasks.get(late))?.state === 'PROGRESS', SLOW);
  await revokeOne(q.f.store.tasks, late, { actor: null, reason: null });
  expect(await q.ended(late)).toMatchObject({ state: 'REVOKED' });
  expect(await q.ended(other)).toMatchObject({ state: 'SUCCESS', crashes: 0, retries: 0, suspected: 2 });
});
