import { z } from 'zod';
import { encodeTask } from '@lovage/celery';
import { deferred, newId } from '@lovage/foundation';
import { blankTask } from '@lovage/ports';
import { defineTask, type TaskContext } from '@lovage/task';
import { eventually, TestClock } from '@lovage/testing';
import { SoftTimeLimitExceeded } from './run/abort-reasons.ts';
import { echo, Fixture } from './testing/fixture.ts';

const value = (input: unknown) => (input as { value: unknown }).value;

describe('a task', () => {
  test('runs, is recorded, answered and acked', async () => {
    await using f = await Fixture.open();
    const worker = await f.worker(echo(), (input, task) => ({ got: value(input), attempt: task.attempt }));
    const settled = worker.signals.settled.next();
    const replied = f.replied.next();
    const id = await f.send([1, 'two']);
    expect(await settled).toEqual({ id, outcome: 'succeeded' });
    expect(await f.store.tasks.get(id)).toMatchObject({
      state: 'SUCCESS',
      result: { got: [1, 'two'], attempt: 1 },
      worker: 'worker-1@test',
    });
    expect(await replied).toMatchObject({ taskId: id, status: 'SUCCESS', result: { got: [1, 'two'] } });
    f.broker.redeliver();
    expect(await f.ready()).toBe(0);
  });

  test('a declared error is recorded and answered with its type and data', async () => {
    await using f = await Fixture.open();
    const contract = echo();
    await f.worker(contract, () => Promise.reject(contract.error('Refused', { reason: 'no' })));
    const replied = f.replied.next();
    const id = await f.send(1);
    expect(await f.ended(id)).toMatchObject({ state: 'FAILURE', error: { type: 'Refused', data: { reason: 'no' } } });
    expect(await replied).toMatchObject({ status: 'FAILURE', error: { type: 'Refused', data: { reason: 'no' } } });
  });

  test.each([
    [
      'a thrown error',
      () => {
        throw new RangeError('boom');
      },
      { type: 'RangeError', message: 'boom' },
    ],
    [
      'a thrown non-error',
      () => {
        throw 'text';
      },
      { type: 'Error', message: 'text' },
    ],
    ['a result that is no JSON', () => 1n, { type: 'OutputInvalidError' }],
  ])('%s is a FAILURE', async (_, handle, error) => {
    await using f = await Fixture.open();
    await f.worker(echo(), handle);
    expect(await f.ended(await f.send(1))).toMatchObject({ state: 'FAILURE', error });
  });

  test('an input that does not fit is a FAILURE, the handler is not called', async () => {
    await using f = await Fixture.open();
    let calls = 0;
    await f.worker(echo(), () => (calls += 1));
    const id = await f.send(1, { inputJson: '{"other":1}' });
    expect(await f.ended(id)).toMatchObject({ state: 'FAILURE', error: { type: 'InputInvalidError' } });
    expect(calls).toBe(0);
  });

  test('reports progress', async () => {
    await using f = await Fixture.open();
    const goOn = deferred();
    await f.worker(echo(), async (_, task) => {
      task.progress({ percent: 10 });
      await goOn.promise;
      return 'done';
    });
    const progressed = f.replied.next((result) => result.status === 'PROGRESS');
    const id = await f.send(1);
    expect(await progressed).toMatchObject({ taskId: id, result: { percent: 10 } });
    await eventually(async () => (await f.store.tasks.get(id))!.state === 'PROGRESS');
    goOn.resolve();
    expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS', progress: { percent: 10 } });
  });

  test('keeps the last progress, also one reported right before the end, or while another is being written', async () => {
    await using f = await Fixture.open();
    await f.worker(echo(), async (input, task) => {
      const { value: percent } = input as { value: number };
      task.progress({ percent: percent - 1 });
      await Promise.resolve();
      task.progress({ percent });
      return percent;
    });
    const ids = await Promise.all(Array.from({ length: 20 }, (_, n) => f.send(n)));
    for (const [n, id] of ids.entries())
      expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS', progress: { percent: n } });
  });

  test('positional arguments take the names of the contract', async () => {
    await using f = await Fixture.open();
    await f.worker(echo(), (input) => value(input));
    const id = await f.send(null, { inputJson: null, args: ['by position'] });
    expect(await f.ended(id)).toMatchObject({ result: 'by position', input: { value: 'by position' } });
  });
});

describe('a malformed message', () => {
  test('goes to the dead letters and leaves the worker serving', async () => {
    await using f = await Fixture.open();
    const worker = await f.worker(echo(), (input) => value(input));
    const malformed = worker.signals.malformed.next();
    const id = newId();
    await f.broker.publish({
      queue: 'default',
      body: Buffer.from('{not json'),
      headers: { task: 'test.echo', id },
      contentType: 'application/json',
      contentEncoding: 'utf-8',
    });
    expect(await malformed).toMatchObject({ id });
    expect(f.broker.dead).toHaveLength(1);
    expect(await f.ended(await f.send('next'))).toMatchObject({ state: 'SUCCESS' });
  });

  test('of a task that has a row ends that task: no row waits for a message that was given up', async () => {
    await using f = await Fixture.open();
    await f.worker(echo(), (input) => value(input));
    const id = newId();
    await f.store.tasks.insertQueued([blankTask({ id, name: 'test.echo', queue: 'default', input: '{}' })]);
    await f.broker.publish({
      queue: 'default',
      body: Buffer.from('[1]'),
      headers: { task: 'test.echo', id },
      contentType: 'application/json',
      contentEncoding: 'utf-8',
    });
    expect(await f.ended(id)).toMatchObject({ state: 'FAILURE', error: { type: 'MessageMalformed' } });
  });

  const chain = [{ task: 'test.next', args: [], kwargs: {}, options: {} }];
  const PLAIN = { callbacks: null, errbacks: null, chain: null, chord: null };
  const of = (embed: object) => JSON.stringify([[], { value: 1 }, { ...PLAIN, ...embed }]);
  test.each([
    ['an argument that is NaN', 'body_number_not_finite', '[[NaN], {}, {"callbacks": null}]'],
    ['no JSON at all', 'body_not_json', '[[1,'],
    ['callbacks', 'canvas_unsupported', of({ callbacks: chain })],
    ['errbacks', 'canvas_unsupported', of({ errbacks: chain })],
    ['a chain', 'canvas_unsupported', of({ chain })],
    ['a chord', 'canvas_unsupported', of({ chord: chain[0]! })],
    ['a group in its embed', 'canvas_unsupported', of({ group: { task: 'celery.group' } })],
  ])(
    'with %s, to a worker without canvas: not run, to the dead letters, and who waits is told',
    async (_, code, body) => {
      await using f = await Fixture.open();
      let runs = 0;
      await f.worker(echo(), () => (runs += 1));
      const replied = f.replied.next();
      const id = await f.sendBody(body);
      const error = { type: 'MessageMalformed', message: expect.stringContaining(`${code}: `) };
      expect(await replied).toMatchObject({ taskId: id, state: 'FAILURE', status: 'FAILURE', error });
      expect(await f.store.tasks.get(id)).toMatchObject({ state: 'FAILURE', error, rootId: id });
      await eventually(() => f.broker.dead.length === 1);
      expect(runs).toBe(0);
    },
  );

  test('of protocol 1 that cannot be parsed: told by its correlation id, which is the id of its task', async () => {
    await using f = await Fixture.open();
    await f.worker(echo(), (input) => value(input));
    const replied = f.replied.next();
    const id = await f.sendBody('{"task":"test.echo","id":"x","args":[NaN]}', {});
    expect(await replied).toMatchObject({ taskId: id, state: 'FAILURE', error: { type: 'MessageMalformed' } });
    await eventually(() => f.broker.dead.length === 1);
  });

  test('of a task that had ended: who waits is told of that end', async () => {
    await using f = await Fixture.open();
    await f.worker(echo(), (input) => value(input));
    const id = await f.send('done');
    await f.ended(id);
    const replied = f.replied.next();
    await f.sendBody('[1', { task: 'test.echo', id });
    expect(await replied).toMatchObject({ taskId: id, state: 'SUCCESS', result: 'done' });
  });

  test('of a sender that ignores results: no reply, and one whose empty embed asks for nothing is run', async () => {
    await using f = await Fixture.open();
    const worker = await f.worker(echo(), (input) => value(input));
    const told: string[] = [];
    f.replied.on(({ taskId }) => told.push(taskId));
    const malformed = worker.signals.malformed.next();
    const id = newId();
    await f.sendBody('[1', { task: 'test.echo', id, ignore_result: true });
    await malformed;
    const good = await f.sendBody(of({ callbacks: [], errbacks: [], chain: [], chord: {} }));
    await eventually(() => told.length > 0);
    expect(told).toEqual([good]);
  });
});

describe('whole numbers that no double holds, from Celery', () => {
  const SNOWFLAKE = 9007199254740993n;
  const contract = defineTask({
    name: 'test.echo',
    input: z.strictObject({ id: z.bigint(), n: z.number().optional(), any: z.unknown().optional() }),
    output: z.string(),
    defaults: { retry: { maxAttempts: 3, delay: 0 } },
  });

  test.each([
    ['by name', `[[], {"id": ${SNOWFLAKE}}, null]`],
    ['by position', `[[${SNOWFLAKE}], {}, null]`],
  ])('arrive exactly where the contract asks for a bigint: %s, also after a retry', async (_, body) => {
    await using f = await Fixture.open();
    f.relay();
    let runs = 0;
    await f.worker(contract, (input, task) => {
      runs += 1;
      if (runs === 1) throw task.retry();
      return String((input as { id: bigint }).id);
    });
    const row = await f.ended(await f.sendBody(body));
    expect(row).toMatchObject({ state: 'SUCCESS', result: String(SNOWFLAKE), input: { id: String(SNOWFLAKE) } });
    expect(runs).toBe(2);
  });

  test.each([
    ['a number', 'n', SNOWFLAKE],
    ['anything', 'any', `{"deep":[${SNOWFLAKE}]}`],
  ])('are refused with their path where it asks for %s', async (_, field, given) => {
    await using f = await Fixture.open();
    await f.worker(contract, () => 'ran');
    const replied = f.replied.next();
    const id = await f.sendBody(`[[], {"id": 1, "${field}": ${given}}, null]`);
    expect((await replied).error!.message).toMatch(
      new RegExp(`^body_number_inexact: input\\.${field}(\\.deep\\.0)?: a whole number`),
    );
    expect(await f.store.tasks.get(id)).toMatchObject({ state: 'FAILURE', error: { type: 'MessageMalformed' } });
  });

  test('1e400 is refused', async () => {
    await using f = await Fixture.open();
    await f.worker(contract, () => 'ran');
    const replied = f.replied.next();
    await f.sendBody('[[], {"id": 1, "n": 1e400}, null]');
    expect((await replied).error!.message).toContain('body_number_not_finite: 1e400');
  });
});

describe('ids', () => {
  test('of a Celery program in capitals: one task, under the id that everything else knows', async () => {
    await using f = await Fixture.open();
    await f.worker(echo(), (input) => value(input));
    const upper = newId().toUpperCase();
    const replied = f.replied.next();
    await f.send('big', { id: upper });
    expect(await replied).toMatchObject({ taskId: upper, result: 'big' });
    expect(await f.ended(upper.toLowerCase())).toMatchObject({ wireId: upper, rootId: upper.toLowerCase() });
    // Sent again under the other case: the same task, which is over.
    await f.send('small', { id: upper.toLowerCase() });
    await eventually(async () => (await f.ready()) === 0);
    expect(await f.db.query('select count(*)::int as n from tasks')).toEqual([{ n: 1 }]);
  });

  test('a row that the claim makes has the root that a submit gives it', async () => {
    await using f = await Fixture.open();
    await f.worker(echo(), (input) => value(input));
    const [rootId, parentId] = [newId(), newId()];
    const own = await f.send(1);
    const said = await f.send(1, { id: own, rootId: own });
    const child = await f.send(1, { rootId, parentId });
    const grandchild = await f.send(1, { parentId });
    expect(await f.ended(said)).toMatchObject({ rootId: own, parentId: null });
    expect(await f.ended(child)).toMatchObject({ rootId, parentId });
    expect(await f.ended(grandchild)).toMatchObject({ rootId: parentId, parentId });
  });
});

describe('retries', () => {
  test('a failure with attempts left: RETRY, the next message in the outbox, committed before the ack', async () => {
    await using f = await Fixture.open();
    const contract = echo({ retry: { maxAttempts: 3, delay: '1m', jitter: false } });
    const worker = await f.worker(contract, () => {
      throw new Error('not yet');
    });
    const settled = worker.signals.settled.next();
    const id = await f.send(1);
    await settled;
    expect(await f.store.tasks.get(id)).toMatchObject({ state: 'RETRY', generation: 1, retries: 1, finishedAt: null });
    expect(await f.db.query('select turn as generation from outbox')).toEqual([{ generation: 1 }]);
    expect(await f.db.query("select outcome, error->>'message' as message from attempts")).toEqual([
      { outcome: 'RETRY', message: 'not yet' },
    ]);
    // The old message, were it delivered again, is stale; the new one runs as the second attempt.
    await f.send(1, { id });
    await f.send(1, { id, generation: 1, retries: 1, hasRow: true });
    await eventually(async () => (await f.store.tasks.get(id))!.generation === 2);
    expect(await f.store.tasks.get(id)).toMatchObject({ state: 'RETRY', retries: 2 });
  });

  test('the policy of the submit goes before the contract, in the row that the claim makes and in the next message', async () => {
    await using f = await Fixture.open();
    await f.worker(echo({ retry: { delay: '1m', jitter: false } }), () => {
      throw Object.assign(new Error('slow down'), { name: 'RateLimited' });
    });
    const retry = { maxAttempts: 2, errors: { RateLimited: { delay: '1h' } } };
    const id = await f.send(1, { newTask: { retry } });
    await eventually(async () => (await f.store.tasks.get(id))?.generation === 1);
    const row = (await f.store.tasks.get(id))!;
    expect(row.message).toMatchObject({ retry });
    const [due] = await f.db.query("select due_at > now() + interval '59 minutes' as late from outbox");
    expect(due).toEqual({ late: true });
    await f.send(1, { id, generation: 1, retries: 1, hasRow: true, newTask: { retry } });
    expect(await f.ended(id)).toMatchObject({ state: 'FAILURE', retries: 1, error: { type: 'RateLimited' } });
  });

  test('a policy that cannot be makes the message malformed: its row ends', async () => {
    await using f = await Fixture.open();
    await f.worker(echo(), (input) => value(input));
    const id = await f.send(1, { newTask: { retry: { maxAttempts: -1 } } });
    expect(await f.ended(id)).toMatchObject({ state: 'FAILURE', error: { type: 'MessageMalformed' } });
  });

  test('the last attempt is final', async () => {
    await using f = await Fixture.open();
    await f.worker(echo({ retry: { maxAttempts: 1 } }), () => {
      throw new Error('no');
    });
    expect(await f.ended(await f.send(1))).toMatchObject({ state: 'FAILURE', retries: 0 });
  });

  test('snooze costs no attempt', async () => {
    await using f = await Fixture.open();
    const worker = await f.worker(echo(), (_, task) => {
      throw task.snooze('1m');
    });
    const settled = worker.signals.settled.next();
    const id = await f.send(1);
    await settled;
    expect(await f.store.tasks.get(id)).toMatchObject({ state: 'SCHEDULED', generation: 1, retries: 0 });
  });
});

describe('limits', () => {
  test('the soft limit aborts the signal; the handler may still answer', async () => {
    await using f = await Fixture.open();
    const clock = new TestClock();
    const started = deferred<TaskContext>();
    await f.worker(
      echo({ softTimeLimit: '5s', timeLimit: '10s' }),
      (_, task) =>
        new Promise((resolve) => {
          task.signal.addEventListener('abort', () => resolve(task.signal.reason instanceof SoftTimeLimitExceeded));
          started.resolve(task);
        }),
      { clock },
    );
    const id = await f.send(1);
    await started.promise;
    await clock.advance(5000);
    expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS', result: true });
  });

  test('the hard limit ends the task whatever the handler does, and frees the slot', async () => {
    await using f = await Fixture.open();
    const clock = new TestClock();
    const started = deferred();
    let first = true;
    await f.worker(
      echo({ timeLimit: '10s' }),
      () => {
        if (!first) return 'second';
        first = false;
        started.resolve();
        return new Promise(() => undefined);
      },
      { clock, concurrency: 1 },
    );
    const [stuck, next] = [await f.send(1), await f.send(2)];
    await started.promise;
    await clock.advance(10_000);
    expect(await f.ended(stuck)).toMatchObject({ state: 'FAILURE', error: { type: 'TimeLimitExceeded' } });
    expect(await f.ended(next)).toMatchObject({ state: 'SUCCESS', result: 'second' });
  });
});

describe('deliveries that come again', () => {
  test('while the task runs here: one run, all settled', async () => {
    await using f = await Fixture.open();
    const goOn = deferred();
    let runs = 0;
    await f.worker(echo(), async () => {
      runs += 1;
      await goOn.promise;
      return runs;
    });
    const id = await f.send(1);
    await eventually(() => runs === 1);
    f.broker.redeliver();
    await eventually(async () => (await f.ready()) === 0);
    goOn.resolve();
    expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS', result: 1 });
    f.broker.redeliver();
    expect(await f.ready()).toBe(0);
  });

  test('after it is over: the answer is sent again, nothing runs', async () => {
    await using f = await Fixture.open();
    let runs = 0;
    await f.worker(echo(), () => (runs += 1));
    const id = await f.send(1);
    await f.ended(id);
    const again = f.replied.next();
    await f.send(1, { id });
    expect(await again).toMatchObject({ taskId: id, status: 'SUCCESS', result: 1 });
    expect(runs).toBe(1);
  });

  test('of a dead worker: taken over, recorded once', async () => {
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
    await f.db.query("update workers set lease_until = now() - interval '1 ms' where id = $1", [dead]);
    await f.worker(echo(), (input) => value(input));
    await f.send('mine now', { id });
    expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS', result: 'mine now', suspected: 1 });
  });

  test('of a living worker: dropped, its holder goes on', async () => {
    await using f = await Fixture.open();
    const goOn = deferred();
    const running = deferred();
    await f.worker(
      echo(),
      async () => {
        running.resolve();
        await goOn.promise;
        return 'first';
      },
      { concurrency: 1, prefetchMultiplier: 1 },
    );
    const id = await f.send(1);
    await running.promise;
    let ran = false;
    await f.worker(echo(), () => (ran = true));
    await f.send(1, { id });
    await eventually(async () => (await f.ready()) === 0);
    goOn.resolve();
    expect(await f.ended(id)).toMatchObject({ result: 'first', worker: 'worker-1@test' });
    expect(ran).toBe(false);
  });

  test('of a cancelled or expired task: ended, not run', async () => {
    await using f = await Fixture.open();
    let runs = 0;
    await f.worker(echo(), () => (runs += 1));
    const expired = await f.send(1, { newTask: { expiresAt: Date.now() - 1000 } });
    expect(await f.ended(expired)).toMatchObject({ state: 'EXPIRED' });
    expect(runs).toBe(0);
  });
});

describe('a message for later, as Celery producers send it', () => {
  test('goes into the outbox, once, and is not held', async () => {
    await using f = await Fixture.open();
    let runs = 0;
    await f.worker(echo(), () => (runs += 1));
    const id = newId();
    const { headers, ...message } = encodeTask({
      id,
      name: 'test.echo',
      inputJson: '{"value":1}',
      rootId: null,
      parentId: null,
      retries: 0,
      generation: 0,
      hasRow: false,
      eta: Date.now() + 60_000,
    });
    const { 'x-lovage-turn': _, ...foreign } = headers;
    for (let i = 0; i < 2; i += 1) await f.broker.publish({ queue: 'default', ...message, headers: foreign });
    await eventually(async () => (await f.db.query('select turn as generation from outbox')).length === 1);
    await eventually(async () => (await f.ready()) === 0);
    f.broker.redeliver();
    expect(await f.store.tasks.get(id)).toMatchObject({ state: 'SCHEDULED', generation: 0, input: { value: 1 } });
    expect(runs).toBe(0);
  });
});

describe('the fence', () => {
  test('a worker taken for dead aborts its handlers; what they still answer is not written over another claim', async () => {
    await using f = await Fixture.open();
    const aborted = deferred<string>();
    const goOn = deferred();
    let runs = 0;
    const worker = await f.worker(
      echo(),
      async (_, task) => {
        runs += 1;
        if (runs > 1) return 'second';
        task.signal.addEventListener('abort', () => aborted.resolve(task.signal.reason.code));
        await goOn.promise;
        return 'stale';
      },
      { leaseMs: 400 },
    );
    const id = await f.send(1);
    await eventually(() => runs === 1);
    await f.db.query("update workers set lease_until = now() - interval '1 minute'");
    await f.store.sweep.sweep();
    expect(await aborted.promise).toBe('lease_lost');
    expect(await f.store.tasks.get(id)).toMatchObject({ state: 'QUEUED', suspected: 1 });
    await eventually(async () => (await f.db.query('select from workers where lease_until > now()')).length === 1);
    const settled = worker.signals.settled.next();
    goOn.resolve();
    await settled;
    // Nobody else had taken it, so its result counts; a second one never does.
    expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS', result: 'stale' });
  });
});

describe('stop', () => {
  test('finishes what runs, requeues what waits', async () => {
    await using f = await Fixture.open();
    const goOn = deferred();
    const running = deferred();
    const worker = await f.worker(
      echo(),
      async (input) => {
        running.resolve();
        await goOn.promise;
        return value(input);
      },
      { concurrency: 1 },
    );
    const [first, second] = [await f.send('first'), await f.send('second')];
    await running.promise;
    const stopped = worker.stop();
    goOn.resolve();
    await stopped;
    expect(await f.store.tasks.get(first)).toMatchObject({ state: 'SUCCESS' });
    expect(await f.store.tasks.get(second)).toBeUndefined();
    expect(await f.ready()).toBe(1);
    expect(await f.db.query('select * from workers')).toEqual([]);
  });

  test('at its deadline releases what still runs, at no cost of an attempt', async () => {
    await using f = await Fixture.open();
    const clock = new TestClock();
    const running = deferred();
    const worker = await f.worker(
      echo({ retry: { maxAttempts: 2 } }),
      () => {
        running.resolve();
        return new Promise(() => undefined);
      },
      { clock, shutdownGrace: '3s' },
    );
    const id = await f.send(1);
    await running.promise;
    const stopped = worker.stop();
    // The deadline of what Postgres does not take, the grace, the end of tidying up.
    await eventually(() => clock.pending === 3);
    await clock.advance(3000);
    await clock.advance(1000);
    await stopped;
    expect(await f.store.tasks.get(id)).toMatchObject({ state: 'QUEUED', generation: 1, retries: 0, finishedAt: null });
    expect(await f.db.query('select turn as generation from outbox')).toEqual([{ generation: 1 }]);
  });
});

describe('what Postgres does not take', () => {
  test('a table that is not as it should be: the result is held, the task is not run again', async () => {
    await using f = await Fixture.open();
    const goOn = deferred();
    let runs = 0;
    await f.worker(echo(), async (input) => {
      runs += 1;
      await goOn.promise;
      return value(input);
    });
    const id = await f.send('kept');
    await eventually(() => runs === 1);
    await f.db.query('alter table tasks rename column result to other');
    goOn.resolve();
    const refused = f.log.entries.length;
    await eventually(() => f.log.entries.slice(refused).some((entry) => entry.level === 'error'));
    await f.db.query('alter table tasks rename column other to result');
    expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS', result: 'kept' });
    expect(runs).toBe(1);
  });

  test('a task that cannot be kept goes to the dead letters, alone', async () => {
    await using f = await Fixture.open();
    await f.db.query("alter table tasks add constraint no_poison check (input::text not like '%poison%')");
    await f.worker(echo(), (input) => value(input));
    const told = new Map<string, string>();
    f.replied.on(({ taskId, state }) => told.set(taskId, state));
    const ids = await Promise.all(['one', 'poison', 'two'].map((word) => f.send(word)));
    expect(await f.ended(ids[0]!)).toMatchObject({ state: 'SUCCESS' });
    expect(await f.ended(ids[2]!)).toMatchObject({ state: 'SUCCESS' });
    await eventually(() => f.broker.dead.length === 1);
    expect(await f.store.tasks.get(ids[1]!)).toBeUndefined();
    await eventually(() => told.get(ids[1]!) === 'FAILURE');
  });
});

describe('record modes', () => {
  test('final: one row, at the end', async () => {
    await using f = await Fixture.open();
    await f.worker(echo({ record: 'final' }), (input) => value(input));
    const id = await f.send('x');
    expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS', result: 'x', input: { value: 'x' } });
  });

  test('final: a failure with attempts left goes through the outbox, with a row', async () => {
    await using f = await Fixture.open();
    const contract = echo({ record: 'final', retry: { maxAttempts: 2, delay: '1m' } });
    const worker = await f.worker(contract, () => {
      throw new Error('x');
    });
    const settled = worker.signals.settled.next();
    const id = await f.send(1);
    await settled;
    expect(await f.store.tasks.get(id)).toMatchObject({ state: 'RETRY', generation: 1, retries: 1 });
    await f.send(1, { id, generation: 1, retries: 1, hasRow: true });
    expect(await f.ended(id)).toMatchObject({ state: 'FAILURE', retries: 1 });
  });

  test('none: only who waits sees the result', async () => {
    await using f = await Fixture.open();
    await f.worker(echo({ record: 'none' }), (input) => value(input));
    const replied = f.replied.next();
    const id = await f.send('x');
    expect(await replied).toMatchObject({ taskId: id, result: 'x' });
    expect(await f.store.tasks.get(id)).toBeUndefined();
  });
});

test('what was recorded is told, with how long it ran and waited', async () => {
  await using fixture = await Fixture.open();
  const contract = echo({ retry: { maxAttempts: 2, delay: '1h' } });
  const worker = await fixture.worker(contract, (input) => {
    if ((input as { value: unknown }).value === 'no') throw new Error('no');
    return input;
  });
  const ended = worker.signals.ended.next();
  await fixture.send('yes');
  const { runMs, waitMs, ...rest } = await ended;
  expect(rest).toEqual({ name: 'test.echo', queue: 'default', outcome: 'SUCCESS' });
  expect(runMs).toBeLessThan(1000);
  expect(waitMs).toBeLessThan(10_000);
  const retried = worker.signals.ended.next();
  await fixture.send('no');
  expect(await retried).toMatchObject({ outcome: 'RETRY' });
});
