import { jest } from '@jest/globals';
import { z } from 'zod';
import { deferred, newId } from '@lovage/foundation';
import { blankTask, type NewTask } from '@lovage/ports';
import { defineTask, TaskRevokedError, type BatchItem, type TaskOptions } from '@lovage/task';
import { eventually, TestClock, revokeOne } from '@lovage/testing';
import { LeaseLost, SoftTimeLimitExceeded, WorkerShutdown } from './run/abort-reasons.ts';
import { batched, batchHandler } from './testing/child-tasks.ts';
import { children, echo, Fixture } from './testing/fixture.ts';

/** Nobody is meant to wait for it: the batch becomes full. */
const LONG = '10m';
const batch = (size: number, timeout: '10m' | '200ms' = LONG, more: TaskOptions = {}) =>
  echo({ batch: { size, timeout }, ...more });
const value = ({ input }: BatchItem) => (input as { value: unknown }).value;
const values = (items: readonly BatchItem[]) => items.map(value);
const echoed = (items: readonly BatchItem[]) => items.map((item) => item.succeeded(value(item)));

/** A handler that notes each call, and answers once it is let. */
function gated() {
  const calls: (readonly BatchItem[])[] = [];
  const goOn = deferred();
  return {
    calls,
    goOn,
    handle: async (items: readonly BatchItem[]) => {
      calls.push(items);
      await goOn.promise;
      return echoed(items);
    },
  };
}

const sendAll = (f: Fixture, all: readonly unknown[]) => Promise.all(all.map((one) => f.send(one)));
const endedAll = (f: Fixture, ids: readonly string[]) => Promise.all(ids.map((id) => f.ended(id)));
/** All messages have come to a worker. */
const delivered = (f: Fixture) => eventually(async () => (await f.ready()) === 0);

/** Tasks with rows, whose messages are still to be sent. */
async function rows(f: Fixture, count: number, more: Partial<NewTask> = {}): Promise<string[]> {
  const newTask = { name: 'test.echo', queue: 'default', input: '{}', ...more };
  const tasks = Array.from({ length: count }, () => blankTask({ id: newId(), ...newTask }));
  await f.store.tasks.insertQueued(tasks);
  return tasks.map(({ id }) => id);
}
const states = async (f: Fixture, ids: readonly string[]) =>
  Promise.all(ids.map(async (id) => (await f.store.tasks.get(id))?.state));

describe('a batch', () => {
  test('that is full runs at once: one claim, one call, one record; each task has its own result', async () => {
    await using f = await Fixture.open();
    const claims = jest.spyOn(f.store.tasks, 'claim');
    const records = jest.spyOn(f.store.tasks, 'record');
    const calls: unknown[][] = [];
    const worker = await f.batchWorker(
      batch(5),
      (items) => {
        calls.push(values(items));
        return items.map((item) => item.succeeded([value(item), item.task.id, item.task.attempt])).reverse();
      },
      { clock: new TestClock() },
    );
    const ids = await sendAll(f, [0, 1, 2, 3, 4]);
    const ended = await endedAll(f, ids);
    for (const [n, row] of ended.entries()) expect(row).toMatchObject({ state: 'SUCCESS', result: [n, ids[n], 1] });
    expect(calls).toEqual([[0, 1, 2, 3, 4]]);
    expect(claims.mock.calls.map(([, items]) => items.length)).toEqual([5]);
    expect(records.mock.calls.map(([, items]) => items.length)).toEqual([5]);
    await eventually(() => worker.slotsInUse === 0);
    f.broker.redeliver();
    expect(await f.ready()).toBe(0);
  });

  test('that does not become full runs when its first task has waited for long enough; until then none of it is started', async () => {
    await using f = await Fixture.open();
    const clock = new TestClock();
    const calls: unknown[][] = [];
    await f.batchWorker(
      batch(5, '200ms'),
      (items) => {
        calls.push(values(items));
        return echoed(items);
      },
      { clock },
    );
    const [first, second] = await rows(f, 2);
    await f.send('a', { id: first, hasRow: true });
    await delivered(f);
    await clock.advance(150);
    await f.send('b', { id: second, hasRow: true });
    await delivered(f);
    await clock.advance(49);
    expect(await states(f, [first!, second!])).toEqual(['QUEUED', 'QUEUED']);
    expect(calls).toEqual([]);
    await clock.advance(1);
    await endedAll(f, [first!, second!]);
    expect(calls).toEqual([['a', 'b']]);
    // The next one begins its own time.
    const third = await f.send('c');
    await delivered(f);
    await clock.advance(199);
    expect(calls).toHaveLength(1);
    await clock.advance(1);
    expect(await f.ended(third)).toMatchObject({ state: 'SUCCESS', result: 'c' });
  });

  test('takes one slot, and takes in what comes while it waits for one', async () => {
    await using f = await Fixture.open();
    const clock = new TestClock();
    const { calls, goOn, handle } = gated();
    const worker = await f.batchWorker(batch(4, '200ms'), handle, { clock, concurrency: 1 });
    const ids = await sendAll(f, [1, 2, 3, 4]);
    await eventually(() => calls.length === 1);
    expect([worker.slotsInUse, worker.running]).toEqual([1, 4]);
    ids.push(await f.send(5));
    await delivered(f);
    await clock.advance(200);
    ids.push(await f.send(6));
    await delivered(f);
    await clock.advance(1000);
    expect(calls).toHaveLength(1);
    goOn.resolve();
    await endedAll(f, ids);
    expect(calls.map(values)).toEqual([
      [1, 2, 3, 4],
      [5, 6],
    ]);
    await eventually(() => worker.slotsInUse === 0);
  });

  test('larger than a claim is claimed in parts, and called once', async () => {
    await using f = await Fixture.open();
    const sizes: number[] = [];
    await f.batchWorker(
      batch(450),
      (items) => {
        sizes.push(items.length);
        return echoed(items);
      },
      { concurrency: 1 },
    );
    const ids = await sendAll(f, [...Array(450).keys()]);
    for (const [n, row] of (await endedAll(f, ids)).entries())
      expect(row).toMatchObject({ state: 'SUCCESS', result: n });
    expect(sizes).toEqual([450]);
  });

  test('of a contract that keeps no row until the end, or none at all', async () => {
    await using f = await Fixture.open();
    const sizes: number[] = [];
    const handle = (items: readonly BatchItem[]) => {
      sizes.push(items.length);
      return echoed(items);
    };
    await f.batchWorker(batch(3, LONG, { record: 'final' }), handle);
    const ids = await sendAll(f, [1, 2, 3]);
    for (const row of await endedAll(f, ids)) expect(row).toMatchObject({ state: 'SUCCESS' });
    expect(sizes).toEqual([3]);
  });

  test('its tasks report progress, keep steps and log each for themselves', async () => {
    await using f = await Fixture.open();
    let charged = 0;
    await f.batchWorker(batch(3), (items) =>
      Promise.all(
        items.map(async ({ input, task, succeeded }, n) => {
          task.progress({ percent: n });
          task.log.info(`line of ${n}`);
          return succeeded([input, await task.once('charge', () => (charged += 1))]);
        }),
      ),
    );
    const ids = await sendAll(f, ['a', 'b', 'c']);
    const ended = await endedAll(f, ids);
    expect(ended.map(({ progress }) => progress)).toEqual([{ percent: 0 }, { percent: 1 }, { percent: 2 }]);
    expect(charged).toBe(3);
    expect(await f.db.query('select task_id, message from task_logs order by message')).toEqual(
      ids.map((id, n) => ({ task_id: id, message: `line of ${n}` })),
    );
    expect(await f.db.query('select count(*)::int as n from steps')).toEqual([{ n: 3 }]);
  });
});

describe('the outcomes of a batch', () => {
  test('each kind ends its own task as it would alone', async () => {
    await using f = await Fixture.open();
    const contract = batch(8, LONG, { retry: { maxAttempts: 2, delay: '1h', jitter: false } });
    await f.batchWorker(contract, (items) => {
      const by = Object.fromEntries(items.map((item) => [value(item) as string, item]));
      return [
        by['value']!.succeeded('fine'),
        by['declared']!.failed(contract.error('Refused', { reason: 'no' })),
        by['retry']!.failed(by['retry']!.task.retry({ delay: '2h' })),
        by['snooze']!.failed(by['snooze']!.task.snooze('3h')),
        by['fails']!.failed(new RangeError('boom')),
        by['invalid']!.succeeded(1n),
        // Twice: the first counts. Of another batch, and no outcome at all: of no account.
        by['value']!.failed(new Error('second thoughts')),
        { ...by['value']!.succeeded('other'), id: newId() },
        undefined,
        by['nothing']!.failed(undefined as never),
      ];
    });
    const kinds = ['value', 'declared', 'retry', 'snooze', 'fails', 'invalid', 'missing', 'nothing'];
    const ids = await sendAll(f, kinds);
    const wanted = [
      { state: 'SUCCESS', result: 'fine' },
      { state: 'FAILURE', error: { type: 'Refused', message: 'Refused', data: { reason: 'no' } } },
      { state: 'RETRY', generation: 1, retries: 1 },
      { state: 'SCHEDULED', generation: 1, retries: 0 },
      { state: 'RETRY', generation: 1, retries: 1 },
      { state: 'FAILURE', error: { type: 'OutputInvalidError' } },
      {
        state: 'FAILURE',
        error: {
          type: 'BatchOutcomeMissing',
          message: 'the batch handler of test.echo answered 10 outcomes: no outcome for this task',
        },
      },
      { state: 'RETRY' },
    ];
    for (const [n, want] of wanted.entries())
      await eventually(async () => {
        const row = await f.store.tasks.get(ids[n]!);
        return row && row.state !== 'STARTED' ? (expect(row).toMatchObject(want), true) : false;
      });
    const due = await f.db.query<{ hours: number }>(
      'select round(extract(epoch from due_at - now()) / 3600)::int as hours from outbox order by due_at',
    );
    expect(due.map(({ hours }) => hours)).toEqual([1, 1, 2, 3]);
    expect(await f.db.query('select outcome from attempts order by outcome')).toHaveLength(4);
  });

  test.each<[string, (items: readonly BatchItem[]) => unknown]>([
    [
      'throws',
      () => {
        throw new RangeError('boom');
      },
    ],
    ['rejects', () => Promise.reject(new RangeError('boom'))],
  ])('a handler that %s fails each, which is retried by its policy', async (_, handle) => {
    await using f = await Fixture.open();
    let calls = 0;
    await f.batchWorker(batch(3, LONG, { retry: { maxAttempts: 2, delay: 0 } }), (items) => {
      calls += 1;
      return handle(items);
    });
    f.relay();
    const ids = await sendAll(f, [1, 2, 3]);
    for (const row of await endedAll(f, ids))
      expect(row).toMatchObject({ state: 'FAILURE', retries: 1, error: { type: 'RangeError', message: 'boom' } });
    expect(calls).toBe(2);
  });

  test.each([undefined, null, 'text', { 0: true, length: 1 }])(
    'a handler that answers %j instead of a list fails each',
    async (answer) => {
      await using f = await Fixture.open();
      await f.batchWorker(batch(2, LONG, { retry: { maxAttempts: 5 } }), () => answer);
      for (const row of await endedAll(f, await sendAll(f, [1, 2])))
        expect(row).toMatchObject({ state: 'FAILURE', retries: 0, error: { type: 'BatchOutcomeMissing' } });
    },
  );

  test('an input that does not fit fails its own task; the handler gets the others', async () => {
    await using f = await Fixture.open();
    const calls: unknown[][] = [];
    await f.batchWorker(batch(3), (items) => {
      calls.push(values(items));
      return echoed(items);
    });
    const [good, bad, better] = [
      await f.send('good'),
      await f.send(null, { inputJson: '{"other":1}' }),
      await f.send('better'),
    ];
    expect(await f.ended(bad)).toMatchObject({ state: 'FAILURE', error: { type: 'InputInvalidError' } });
    expect(await f.ended(good)).toMatchObject({ result: 'good' });
    expect(await f.ended(better)).toMatchObject({ result: 'better' });
    expect(calls).toEqual([['good', 'better']]);
  });
});

describe('a batch whose tasks are cancelled, expire or take too long', () => {
  test('one that is revoked while it runs: its signal alone is aborted, and it ends although the handler goes on', async () => {
    await using f = await Fixture.open();
    const clock = new TestClock();
    const { calls, goOn, handle } = gated();
    await f.batchWorker(batch(3), handle, { clock, revokeGrace: '3s' });
    const ids = await sendAll(f, ['a', 'b', 'c']);
    await eventually(() => calls.length === 1);
    const tasks = calls[0]!.map(({ task }) => task);
    const revoked = tasks.find(({ id }) => id === ids[1])!;
    expect(await revokeOne(f.store.tasks, ids[1]!, { actor: 'ana', reason: 'mistake' })).toMatchObject({
      kind: 'running',
    });
    await eventually(async () => {
      await clock.advance(500);
      return revoked.signal.aborted;
    });
    expect(revoked.signal.reason).toBeInstanceOf(TaskRevokedError);
    await clock.advance(3000);
    expect(await f.ended(ids[1]!)).toMatchObject({ state: 'REVOKED', cancelActor: 'ana' });
    expect(tasks.filter(({ signal }) => signal.aborted)).toEqual([revoked]);
    expect(await states(f, [ids[0]!, ids[2]!])).toEqual(['STARTED', 'STARTED']);
    goOn.resolve();
    expect(await f.ended(ids[0]!)).toMatchObject({ state: 'SUCCESS', result: 'a' });
    expect(await f.ended(ids[2]!)).toMatchObject({ state: 'SUCCESS', result: 'c' });
  });

  test('what is revoked or has expired while it waits is left out at the claim', async () => {
    await using f = await Fixture.open();
    const clock = new TestClock();
    const calls: unknown[][] = [];
    await f.batchWorker(
      batch(5, '200ms'),
      (items) => {
        calls.push(values(items));
        return echoed(items);
      },
      { clock },
    );
    const [good, revoked] = await rows(f, 2);
    const [expired] = await rows(f, 1, { expiresAt: Date.now() + 50 });
    for (const [text, id] of [
      ['good', good],
      ['revoked', revoked],
      ['expired', expired],
    ] as const)
      await f.send(text, { id, hasRow: true });
    await delivered(f);
    expect(await revokeOne(f.store.tasks, revoked!, { actor: null, reason: null })).toMatchObject({ kind: 'revoked' });
    await f.db.query("update tasks set expires_at = now() - interval '1 s' where id = $1", [expired]);
    await clock.advance(200);
    expect(await f.ended(good!)).toMatchObject({ state: 'SUCCESS' });
    expect(await f.ended(revoked!)).toMatchObject({ state: 'REVOKED' });
    expect(await f.ended(expired!)).toMatchObject({ state: 'EXPIRED' });
    expect(calls).toEqual([['good']]);
  });

  test('the limits of the contract hold for the whole; the slot is free then', async () => {
    await using f = await Fixture.open();
    const clock = new TestClock();
    let first = true;
    const stuck = deferred<readonly BatchItem[]>();
    await f.batchWorker(
      batch(3, LONG, { softTimeLimit: '5s', timeLimit: '10s' }),
      (items) => {
        if (!first) return echoed(items);
        first = false;
        stuck.resolve(items);
        return new Promise(() => undefined);
      },
      { clock, concurrency: 1 },
    );
    const ids = await sendAll(f, [1, 2, 3]);
    const items = await stuck.promise;
    await clock.advance(5000);
    for (const { task } of items) expect(task.signal.reason).toBeInstanceOf(SoftTimeLimitExceeded);
    await clock.advance(5000);
    for (const row of await endedAll(f, ids))
      expect(row).toMatchObject({ state: 'FAILURE', error: { type: 'TimeLimitExceeded' } });
    for (const row of await endedAll(f, await sendAll(f, [4, 5, 6]))) expect(row).toMatchObject({ state: 'SUCCESS' });
  });
});

describe('a batch, if any process dies or stops', () => {
  test('messages that come again while it gathers and while it runs: each task runs once', async () => {
    await using f = await Fixture.open();
    const { calls, goOn, handle } = gated();
    await f.batchWorker(batch(3), handle);
    const ids = await sendAll(f, [1, 2]);
    await delivered(f);
    f.broker.redeliver();
    await delivered(f);
    ids.push(await f.send(3));
    await eventually(() => calls.length === 1);
    f.broker.redeliver();
    await delivered(f);
    goOn.resolve();
    for (const row of await endedAll(f, ids)) expect(row).toMatchObject({ state: 'SUCCESS' });
    expect(calls).toHaveLength(1);
    f.broker.redeliver();
    expect(await f.ready()).toBe(0);
  });

  test('its worker dies: another takes each over and runs them together', async () => {
    await using f = await Fixture.open();
    const dead = newId();
    await f.db.query("insert into workers (id, name, lease_until) values ($1, 'dead', now() - interval '1 ms')", [
      dead,
    ]);
    const ids = await rows(f, 4);
    await f.db.query("update tasks set state = 'STARTED', claim_worker = $1, claim_no = 7 where id = any($2::uuid[])", [
      ...[dead, ids],
    ]);
    const calls: (readonly BatchItem[])[] = [];
    const worker = await f.batchWorker(batch(4), (items) => {
      calls.push(items);
      return echoed(items);
    });
    for (const [n, id] of ids.entries()) await f.send(n, { id, hasRow: true });
    for (const [n, row] of (await endedAll(f, ids)).entries())
      expect(row).toMatchObject({ state: 'SUCCESS', result: n, suspected: 1 });
    expect(calls.map(({ length }) => length)).toEqual([4]);
    await eventually(() => worker.slotsInUse === 0);
  });

  test('a worker taken for dead aborts all of it; what it still answers is not written over another claim', async () => {
    await using f = await Fixture.open();
    const { calls, goOn, handle } = gated();
    const worker = await f.batchWorker(batch(2), handle);
    const ids = await sendAll(f, [1, 2]);
    await eventually(() => calls.length === 1);
    const [{ claim_worker: claimant }] = (await f.db.query<{ claim_worker: string }>(
      'select distinct claim_worker from tasks',
    )) as [{ claim_worker: string }];
    worker.leaseLost(claimant);
    for (const { task } of calls[0]!) expect(task.signal.reason).toBeInstanceOf(LeaseLost);
    const other = newId();
    await f.db.query("insert into workers (id, name, lease_until) values ($1, 'other', now() + interval '1 h')", [
      other,
    ]);
    await f.db.query('update tasks set claim_worker = $1, claim_no = 1', [other]);
    const settled = worker.signals.settled.next();
    goOn.resolve();
    await settled;
    expect(await states(f, ids)).toEqual(['STARTED', 'STARTED']);
    expect(await f.db.query('select distinct claim_worker from tasks')).toEqual([{ claim_worker: other }]);
  });

  test('a stop requeues what gathers, and at its deadline all that runs, at no cost of an attempt', async () => {
    await using f = await Fixture.open();
    const clock = new TestClock();
    const running = deferred<readonly BatchItem[]>();
    const worker = await f.batchWorker(
      batch(3, LONG, { retry: { maxAttempts: 2 } }),
      (items) => {
        running.resolve(items);
        return new Promise(() => undefined);
      },
      { clock, shutdownGrace: '3s' },
    );
    const ids = await sendAll(f, [1, 2, 3]);
    const items = await running.promise;
    const waiting = await f.send(4);
    await delivered(f);
    const stopped = worker.stop();
    let over = false;
    void stopped.then(() => (over = true));
    // First the grace, then the end of tidying up.
    await eventually(async () => {
      await clock.advance(500);
      return items.every(({ task }) => task.signal.reason instanceof WorkerShutdown);
    });
    await eventually(async () => {
      await clock.advance(500);
      return over;
    });
    expect(clock.monotonic()).toBeGreaterThanOrEqual(4000);
    for (const id of ids)
      expect(await f.store.tasks.get(id)).toMatchObject({
        state: 'QUEUED',
        generation: 1,
        retries: 0,
        finishedAt: null,
      });
    expect(await f.db.query('select count(*)::int as n from outbox')).toEqual([{ n: 3 }]);
    expect(await f.store.tasks.get(waiting)).toBeUndefined();
    expect(await f.ready()).toBe(1);
  });

  test('a stop lets a batch finish within the grace', async () => {
    await using f = await Fixture.open();
    const { calls, goOn, handle } = gated();
    const worker = await f.batchWorker(batch(3), handle);
    const ids = await sendAll(f, [1, 2, 3]);
    await eventually(() => calls.length === 1);
    const stopped = worker.stop();
    goOn.resolve();
    await stopped;
    expect(await states(f, ids)).toEqual(['SUCCESS', 'SUCCESS', 'SUCCESS']);
  });

  test('a queue that is paused gets back what gathers, and what waits for a slot', async () => {
    await using f = await Fixture.open();
    const clock = new TestClock();
    const { calls, goOn, handle } = gated();
    await f.batchWorker(batch(2), handle, { clock, concurrency: 1 });
    const ids = await sendAll(f, [1, 2, 3, 4, 5]);
    await eventually(() => calls.length === 1);
    await delivered(f);
    await f.store.queues.pause('default', { actor: null, reason: null });
    await eventually(async () => {
      await clock.advance(1000);
      return (await f.ready()) === 3;
    });
    goOn.resolve();
    await endedAll(f, ids.slice(0, 2));
    await f.store.queues.resume('default');
    await eventually(async () => {
      await clock.advance(1000);
      return calls.length === 2;
    });
    // What goes back is in no order.
    expect(calls[0]!.map(value)).toEqual([1, 2]);
    expect(new Set([...values(calls[1]!), 3, 4, 5]).size).toBe(3);
  });

  test('a suspect runs in quarantine, in a child, as a batch of one; the others go on together', async () => {
    await using f = await Fixture.open();
    const sizes: number[] = [];
    const worker = await f.batchWorker(
      batched,
      (items) => {
        sizes.push(items.length);
        return batchHandler(items);
      },
      { children: await children(), shutdownGrace: 0 },
    );
    const ids = await rows(f, 3, { name: 'test.batched' });
    await f.db.query('update tasks set suspected = 2, quarantine_group = 4 where id = $1', [ids[1]]);
    for (const id of ids) await f.send(null, { id, name: 'test.batched', inputJson: '{}', hasRow: true });
    const pids = (
      await Promise.all(
        ids.map((id) =>
          eventually(
            async () => {
              const row = await f.store.tasks.get(id);
              return row?.finishedAt ? row : undefined;
            },
            { timeoutMs: 60_000 },
          ),
        ),
      )
    ).map(({ result }) => result as number);
    expect(sizes).toEqual([2]);
    expect([pids[0], pids[2]]).toEqual([process.pid, process.pid]);
    expect(pids[1]).not.toBe(process.pid);
    await eventually(() => worker.slotsInUse === 0);
  }, 90_000);
});

test('a task that Postgres cannot keep goes to the dead letters, alone', async () => {
  await using f = await Fixture.open();
  await f.db.query("alter table tasks add constraint no_poison check (input::text not like '%poison%')");
  const { calls, goOn, handle } = gated();
  const worker = await f.batchWorker(batch(3), handle);
  goOn.resolve();
  const ids = await sendAll(f, ['one', 'poison', 'two']);
  await endedAll(f, [ids[0]!, ids[2]!]);
  expect(calls.map(values)).toEqual([['one', 'two']]);
  await eventually(() => f.broker.dead.length === 1);
  expect(await f.store.tasks.get(ids[1]!)).toBeUndefined();
  await eventually(() => worker.slotsInUse === 0);
});

test('a concurrency limit by key holds for each task: what is above it waits in Postgres, in no batch', async () => {
  await using f = await Fixture.open();
  const input = z.strictObject({ tenant: z.string() });
  const contract = defineTask({
    name: 'test.limited',
    ...{ input, output: z.string() },
    defaults: { batch: { size: 4, timeout: '50ms' }, concurrency: { key: ({ tenant }) => tenant, limit: 1 } },
  });
  const calls: string[][] = [];
  await f.batchWorker(contract, (items) => {
    calls.push(items.map((item) => (item.input as z.output<typeof input>).tenant));
    return items.map((item) => item.succeeded('done'));
  });
  f.relay();
  const ids = await Promise.all(
    ['a', 'a', 'b', 'a'].map((tenant) => f.send(null, { name: 'test.limited', inputJson: JSON.stringify({ tenant }) })),
  );
  for (const row of await endedAll(f, ids)) expect(row).toMatchObject({ state: 'SUCCESS' });
  expect(calls[0]!.sort()).toEqual(['a', 'b']);
  expect(calls.flat().sort()).toEqual(['a', 'a', 'a', 'b']);
  for (const call of calls) expect(new Set(call).size).toBe(call.length);
});
