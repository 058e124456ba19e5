import { jest } from '@jest/globals';
import { eventually } from '@lovage/testing';
import { newId } from '@lovage/foundation';
import type { TaskOptions } from '@lovage/task';
import { deed, handle } from '../testing/child-tasks.ts';
import { children, Fixture } from '../testing/fixture.ts';

const SLOW = { timeoutMs: 90_000 };
jest.setTimeout(120_000);

async function open(defaults: TaskOptions = {}, slots = 2) {
  const f = await Fixture.open();
  const worker = await f.worker(deed(defaults), handle, { children: children({ slots }), shutdownGrace: 0 });
  return {
    f,
    worker,
    send: (name: string, value: unknown = null, overrides = {}) =>
      f.send(null, { name: 'test.deed', inputJson: JSON.stringify({ deed: name, value }), ...overrides }),
    /** A task whose workers died before. */
    async suspect(name: string, suspected: number): Promise<string> {
      const id = newId();
      await f.db.query(
        "insert into tasks (id, name, queue, state, suspected) values ($1, 'test.deed', 'default', 'QUEUED', $2)",
        [id, suspected],
      );
      return this.send(name, null, { id, hasRow: true });
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
  test('runs alone in a child process of its own, also of the pool async; one worker lost may be chance', async () => {
    await using q = await open({ pool: 'async' });
    const ids = [await q.suspect('where', 1), await q.suspect('where', 2), await q.suspect('where', 3)];
    const [chance, one, two] = (await Promise.all(ids.map((id) => q.ended(id)))).map(({ result }) => result as Where);
    expect(chance!.pid).toBe(process.pid);
    expect(one!.pid).not.toBe(process.pid);
    expect(two!.pid).not.toBe(one!.pid);
    expect([one!.served, two!.served]).toEqual([1, 1]);
    for (const id of ids.slice(1))
      expect(await q.ended(id)).toMatchObject({ state: 'SUCCESS', crashes: 0, retries: 0 });
  });

  test('takes no slot while it waits for its turn, and goes back at a stop', async () => {
    await using q = await open({ pool: 'async' });
    const first = await q.suspect('wait', 2);
    await eventually(async () => (await q.f.store.tasks.get(first))?.state === 'PROGRESS', SLOW);
    const waiting = [await q.suspect('echo', 2), await q.suspect('echo', 2)];
    for (const id of waiting) await eventually(async () => (await q.f.store.tasks.get(id))?.state === 'STARTED', SLOW);
    const others = await Promise.all(Array.from({ length: 30 }, (_, n) => q.send('echo', n)));
    for (const id of others) expect(await q.ended(id)).toMatchObject({ state: 'SUCCESS' });
    expect(q.worker.children().process.alive).toBe(1);
    await q.worker.stop();
    for (const id of [first, ...waiting])
      expect(await q.f.store.tasks.get(id)).toMatchObject({ state: 'QUEUED', turn: 1, suspected: 2, crashes: 0 });
    expect(q.worker.children().process.alive).toBe(0);
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
        turn: deaths,
        crashes: deaths,
        retries: 0,
      });
      // What the relay does with the outbox message of the next turn.
      await q.send('exit', 9, { id: poison, turn: deaths, hasRow: true });
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
    await q.send('exit', 9, { id: poison, turn: 1, hasRow: true });
    expect(await q.ended(poison)).toMatchObject({ state: 'DEAD', error: { type: 'WorkerChildDied' } });
  });
});

test('a crash in the pool async takes the worker, and is no death of a child: suspicion alone never kills a task', async () => {
  await using q = await open({ pool: 'async', maxCrashes: 1 });
  const id = await q.suspect('where', 30);
  expect(await q.ended(id)).toMatchObject({ state: 'SUCCESS', suspected: 30, crashes: 0 });
});
