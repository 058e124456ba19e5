import { deferred, newId } from '@lovage/foundation';
import { TaskRevokedError, type TaskContext } from '@lovage/task';
import { eventually, TestClock, revokeOne } from '@lovage/testing';
import { deed, handle } from '../testing/child-tasks.ts';
import { children, echo, Fixture } from '../testing/fixture.ts';

const ANA = { actor: 'ana', reason: 'mistake' };
const REVOKED = {
  state: 'REVOKED',
  result: null,
  error: { type: 'Revoked', message: 'mistake', data: { actor: 'ana', reason: 'mistake' } },
  cancelActor: 'ana',
  cancelReason: 'mistake',
};

/** Lets the watch look: at what has run for long enough, and at what becomes of it. */
async function untilAborted(clock: TestClock, task: TaskContext): Promise<void> {
  await eventually(async () => {
    await clock.advance(500);
    return task.signal.aborted;
  });
}

describe('a task that is cancelled while it runs', () => {
  test('hears of it through its signal, and ends REVOKED when its handler gives up; who waits is told', async () => {
    await using f = await Fixture.open();
    const started = deferred<TaskContext>();
    const worker = await f.worker(echo({ retry: { maxAttempts: 5 } }), (_, task) => {
      started.resolve(task);
      return new Promise((_resolve, reject) => {
        task.signal.addEventListener('abort', () => reject(task.signal.reason as Error));
      });
    });
    const id = await f.send(1);
    const task = await started.promise;
    const [settled, replied] = [worker.signals.settled.next(), f.replied.next()];
    expect(await revokeOne(f.store.tasks, id, ANA)).toMatchObject({ kind: 'running' });
    expect(await settled).toEqual({ id, outcome: 'revoked' });
    expect(task.signal.reason).toBeInstanceOf(TaskRevokedError);
    expect(task.signal.reason).toMatchObject({ code: 'task_revoked', taskId: id, actor: 'ana', reason: 'mistake' });
    expect(await f.store.tasks.get(id)).toMatchObject(REVOKED);
    expect(await replied).toMatchObject({ taskId: id, state: 'REVOKED', error: REVOKED.error });
    // No attempt was burnt and none is to come; the message is gone.
    expect(await f.db.query('select * from outbox')).toEqual([]);
    f.broker.redeliver();
    expect(await f.ready()).toBe(0);
  });

  test('ends after the grace although its handler does not listen, and frees its slot', async () => {
    await using f = await Fixture.open();
    const clock = new TestClock();
    const started = deferred<TaskContext>();
    let runs = 0;
    await f.worker(
      echo(),
      (_, task) => {
        runs += 1;
        if (runs > 1) return 'second';
        started.resolve(task);
        return new Promise(() => undefined);
      },
      { clock, concurrency: 1, revokeGrace: '3s' },
    );
    const [deaf, next] = [await f.send(1), await f.send(2)];
    const task = await started.promise;
    // The answer to a look comes while the clock of the test moves on: the grace counts from here, not from when that is noticed.
    let heardAt = 0;
    task.signal.addEventListener('abort', () => (heardAt = clock.monotonic()));
    await revokeOne(f.store.tasks, deaf, ANA);
    await untilAborted(clock, task);
    await clock.advance(heardAt + 2900 - clock.monotonic());
    expect(await f.store.tasks.get(deaf)).toMatchObject({ state: 'STARTED', finishedAt: null });
    await clock.advance(100);
    expect(await f.ended(deaf)).toMatchObject(REVOKED);
    expect(await f.ended(next)).toMatchObject({ state: 'SUCCESS', result: 'second' });
  });

  test.each<[string, (task: TaskContext) => unknown]>([
    ['answers all the same', () => 'too late'],
    [
      'fails',
      () => {
        throw new Error('boom');
      },
    ],
    [
      'asks for a retry',
      (task) => {
        throw task.retry({ delay: '1m' });
      },
    ],
    [
      'snoozes',
      (task) => {
        throw task.snooze('1m');
      },
    ],
  ])('is REVOKED when the handler %s before it has heard', async (_, end) => {
    await using f = await Fixture.open();
    const [started, goOn] = [deferred(), deferred()];
    // Time stands still: the watch never looks.
    await f.worker(
      echo({ retry: { maxAttempts: 5 } }),
      async (_input, task) => {
        started.resolve();
        await goOn.promise;
        return end(task);
      },
      { clock: new TestClock() },
    );
    const replied = f.replied.next();
    const id = await f.send(1);
    await started.promise;
    await revokeOne(f.store.tasks, id, ANA);
    goOn.resolve();
    expect(await f.ended(id)).toMatchObject({ ...REVOKED, generation: 0, retries: 0 });
    expect(await replied).toMatchObject({ taskId: id, state: 'REVOKED', error: REVOKED.error });
    expect(await f.db.query('select * from outbox')).toEqual([]);
    expect(await f.db.query('select * from attempts')).toEqual([]);
    expect(await f.db.query(`select state, sum(n)::int as n from task_counts group by state`)).toEqual([
      { state: 'REVOKED', n: 1 },
    ]);
  });

  test('is REVOKED, not run again, when its worker releases it at a stop', async () => {
    await using f = await Fixture.open();
    const started = deferred();
    const worker = await f.worker(
      echo(),
      (_, task) => {
        started.resolve();
        return new Promise((_resolve, reject) => task.signal.addEventListener('abort', reject));
      },
      { shutdownGrace: 0 },
    );
    const id = await f.send(1);
    await started.promise;
    await revokeOne(f.store.tasks, id, ANA);
    await worker.stop();
    expect(await f.store.tasks.get(id)).toMatchObject(REVOKED);
  });

  test('is REVOKED by who would take it over from a dead worker', async () => {
    await using f = await Fixture.open();
    const dead = newId();
    await f.db.query("insert into workers (id, name, lease_until) values ($1, 'dead', now() + interval '1 minute')", [
      dead,
    ]);
    const id = newId();
    await f.db.query(
      "insert into tasks (id, name, queue, state, claim_worker, claim_no) values ($1, 'test.echo', 'default', 'STARTED', $2, 7)",
      [id, dead],
    );
    await revokeOne(f.store.tasks, id, ANA);
    await f.db.query("update workers set lease_until = now() - interval '1 ms' where id = $1", [dead]);
    let runs = 0;
    await f.worker(echo(), () => (runs += 1));
    const replied = f.replied.next();
    await f.send(1, { id });
    expect(await f.ended(id)).toMatchObject(REVOKED);
    expect(await replied).toMatchObject({ taskId: id, state: 'REVOKED' });
    expect(runs).toBe(0);
  });

  test('and then lost with its dead worker, ends REVOKED by the sweep', async () => {
    await using f = await Fixture.open();
    const dead = newId();
    await f.db.query("insert into workers (id, name, lease_until) values ($1, 'dead', now() - interval '1 minute')", [
      dead,
    ]);
    const id = newId();
    await f.db.query(
      "insert into tasks (id, name, queue, state, claim_worker, claim_no) values ($1, 'test.echo', 'default', 'PROGRESS', $2, 7)",
      [id, dead],
    );
    await revokeOne(f.store.tasks, id, ANA);
    expect(await f.store.sweep.sweep()).toMatchObject({ lapsedWorkers: 1, requeued: 0, revoked: 1 });
    expect(await f.store.tasks.get(id)).toMatchObject(REVOKED);
    expect(await f.db.query('select * from outbox')).toEqual([]);
  });

  test('is one of many: the others go on', async () => {
    await using f = await Fixture.open();
    const clock = new TestClock();
    const tasks = new Map<string, TaskContext>();
    const goOn = deferred();
    await f.worker(
      echo(),
      async (_, task) => {
        tasks.set(task.id, task);
        await goOn.promise;
        return 'done';
      },
      { clock, concurrency: 20 },
    );
    const ids = await Promise.all(Array.from({ length: 20 }, () => f.send(1)));
    await eventually(() => tasks.size === 20);
    const chosen = ids.filter((_, i) => i % 5 === 0);
    await f.store.tasks.revokeMany(chosen, ANA);
    await untilAborted(clock, tasks.get(chosen.at(-1)!)!);
    expect(ids.filter((id) => tasks.get(id)!.signal.aborted)).toEqual(chosen);
    goOn.resolve();
    const ends = await Promise.all(ids.map(async (id) => (await f.ended(id)).state));
    expect(ends).toEqual(ids.map((id) => (chosen.includes(id) ? 'REVOKED' : 'SUCCESS')));
  });

  test('hears of it although the database was away meanwhile', async () => {
    await using f = await Fixture.open();
    const clock = new TestClock();
    const started = deferred<TaskContext>();
    let away = true;
    const cancelRequested = f.store.tasks.cancelRequested.bind(f.store.tasks);
    f.store.tasks.cancelRequested = (...args) => (away ? Promise.reject(new Error('away')) : cancelRequested(...args));
    await f.worker(
      echo(),
      (_, task) => {
        started.resolve(task);
        return new Promise((_resolve, reject) => task.signal.addEventListener('abort', reject));
      },
      { clock },
    );
    const id = await f.send(1);
    const task = await started.promise;
    await revokeOne(f.store.tasks, id, ANA);
    await clock.advance(2000);
    await eventually(() => f.log.entries.some(({ message }) => message.includes('were cancelled')));
    expect(task.signal.aborted).toBe(false);
    away = false;
    await untilAborted(clock, task);
    expect(await f.ended(id)).toMatchObject(REVOKED);
  });
});

test('a task that is over soon is not asked about', async () => {
  await using f = await Fixture.open();
  const clock = new TestClock();
  let asked = 0;
  const cancelRequested = f.store.tasks.cancelRequested.bind(f.store.tasks);
  f.store.tasks.cancelRequested = (...args) => {
    asked += 1;
    return cancelRequested(...args);
  };
  await f.worker(echo(), () => 1, { clock });
  await f.ended(await f.send(1));
  await clock.advance(5000);
  expect(asked).toBe(0);
});

describe.each(['thread', 'process'] as const)('in the pool %s', (pool) => {
  test('code that never yields is ended with the task; one that listens is told why', async () => {
    await using f = await Fixture.open();
    await f.worker(deed(), handle, { pool, children: await children(), revokeGrace: '200ms', concurrency: 2 });
    const does = (name: string) => ({
      name: 'test.deed',
      inputJson: JSON.stringify({ deed: name, value: null }),
    });
    const [deaf, listening] = [await f.send(null, does('spinAfterTelling')), await f.send(null, does('waitThrowing'))];
    for (const id of [deaf, listening])
      await eventually(async () => (await f.store.tasks.get(id))?.state.match(/STARTED|PROGRESS/) !== undefined, {
        timeoutMs: 20_000,
      });
    await f.store.tasks.revokeMany([deaf, listening], ANA);
    for (const id of [deaf, listening]) expect(await f.ended(id)).toMatchObject(REVOKED);
    // Its place is free: another runs there.
    expect(await f.ended(await f.send(null, does('where')))).toMatchObject({ state: 'SUCCESS' });
  }, 60_000);
});
