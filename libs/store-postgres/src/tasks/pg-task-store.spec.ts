import { newId } from '@lovage/foundation';
import { eventually, revokeOne, insertOne } from '@lovage/testing';
import { claimOf, fixture, newTask } from '../testing/fixture.ts';

const DURABLE = { durable: true };

describe('submit', () => {
  test('the row of a confirmed task can be read', async () => {
    await using f = await fixture();
    const task = newTask({ userId: newId(), input: '{"text":"a\\u0000\\"b"}', expiresAt: Date.now() + 60_000 });
    await f.store.tasks.insertQueued([task]);
    const row = await f.store.tasks.get(task.id);
    expect(row).toMatchObject({
      id: task.id,
      state: 'QUEUED',
      generation: 0,
      input: { text: 'a\0"b' },
      userId: task.userId,
      expiresAt: task.expiresAt,
      finishedAt: null,
    });
    expect(await f.store.tasks.get(newId())).toBeUndefined();
  });

  test.each([0, 9, null])('a priority of %p stays with the row: claimed, sent again, listed', async (priority) => {
    await using f = await fixture();
    const worker = await f.worker();
    const [queued, first, claimed] = [newTask({ priority }), newTask({ priority }), newTask({ priority })];
    await f.store.tasks.insertQueued([queued]);
    await insertOne(f.store.tasks, first, { delayMs: 0, leaseMs: 0 });
    const tasks = [queued, first, claimed];
    const claims = tasks.map((task) => claimOf(task));
    await f.store.tasks.claim(worker, claims, DURABLE);
    await f.db.query('delete from outbox');
    const again = claims.map(({ id, claimNo }) => ({ id, claimNo, kind: 'retry' as const, delayMs: 0, error: null }));
    await f.store.tasks.postpone(worker.id, again);
    const due = await f.store.outbox.leaseDue({ withinMs: 1000, leaseMs: 1000, limit: 10 });
    expect(due.map(({ task }) => task.priority)).toEqual([priority, priority, priority]);
    const { items } = await f.store.lists.list({}, { limit: 10 });
    expect(items.map((task) => task.priority)).toEqual([priority, priority, priority]);
  });

  test('it may be repeated, and leaves a row that the claim made first', async () => {
    await using f = await fixture();
    const worker = await f.worker();
    const task = newTask();
    await f.store.tasks.claim(worker, [claimOf(task)], DURABLE);
    await f.store.tasks.insertQueued([task]);
    await f.store.tasks.insertQueued([task]);
    expect(await f.store.tasks.get(task.id)).toMatchObject({ state: 'STARTED', input: { x: 1 }, worker: worker.name });
  });

  test('the first of a family is its own root, in a row that says so and in one that leaves it out', async () => {
    await using f = await fixture();
    const [id, older] = [newId(), newId()];
    const child = newTask({ parentId: id, rootId: id });
    await f.store.tasks.insertQueued([newTask({ id, rootId: id }), child, newTask({ id: older })]);
    await f.db.query('update tasks set root_id = id where id = $1', [older]);
    const rows = await f.db.query<{ root_id: string | null }>('select root_id from tasks where id = any($1)', [[id]]);
    expect(rows).toEqual([{ root_id: null }]);
    const read = await f.store.tasks.getMany([id, child.id, older]);
    expect(new Map(read.map((row) => [row.id, row.rootId]))).toEqual(
      new Map([
        [id, id],
        [child.id, id],
        [older, older],
      ]),
    );
  });

  test.each([
    [0, 'PENDING'],
    [60_000, 'SCHEDULED'],
  ])('row first with a delay of %i ms: %s, and a message in the outbox', async (delayMs, state) => {
    await using f = await fixture();
    const task = newTask();
    const options = { delayMs, leaseMs: 0 };
    expect(await insertOne(f.store.tasks, task, options)).toMatchObject({ taskId: task.id, fresh: true });
    await insertOne(f.store.tasks, task, options);
    expect(await f.store.tasks.get(task.id)).toMatchObject({ state });
    expect(await f.db.query('select task_id, turn as generation from outbox')).toEqual([
      { task_id: task.id, generation: 0 },
    ]);
  });

  test('the first submit of a key wins, also against one at the same moment; it holds until it expires', async () => {
    await using f = await fixture();
    const key = { scope: 'user:test.task', key: 'k1', ttlMs: 60_000, fingerprint: 'f1' };
    const options = { delayMs: 0, leaseMs: 0, key };
    const contenders = Array.from({ length: 8 }, () => newTask());
    const answers = await Promise.all(contenders.map((task) => insertOne(f.store.tasks, task, options)));
    expect(new Set(answers.map((answer) => answer.taskId)).size).toBe(1);
    expect(answers.filter((answer) => answer.fresh)).toHaveLength(1);
    expect(answers.every((answer) => answer.fingerprint === 'f1')).toBe(true);
    expect(await f.db.query('select count(*)::int as n from tasks')).toEqual([{ n: 1 }]);
    expect(await f.db.query('select count(*)::int as n from outbox')).toEqual([{ n: 1 }]);

    const other = { ...options, key: { ...key, fingerprint: 'f2' } };
    expect(await insertOne(f.store.tasks, newTask(), other)).toMatchObject({ fresh: false, fingerprint: 'f1' });
    await f.db.query("update keys set expires_at = now() - interval '1 s'");
    const late = newTask();
    expect(await insertOne(f.store.tasks, late, other)).toEqual({ taskId: late.id, fresh: true, fingerprint: 'f2' });
  });
});

describe('claim', () => {
  test('no task starts before its row was made, also when the claim waited for that row', async () => {
    await using f = await fixture();
    const task = newTask();
    await f.store.tasks.insertQueued([task]);
    // As seen by a claim that began before.
    await f.db.query("update tasks set created_at = now() + interval '2 s' where id = $1", [task.id]);
    await f.store.tasks.claim(await f.worker(), [claimOf(task)], DURABLE);
    const row = await f.store.tasks.get(task.id);
    expect(row!.startedAt).toBe(row!.createdAt);
  });

  test('is granted once, is repeatable with the same number, and refused to others', async () => {
    await using f = await fixture();
    const [one, two] = [await f.worker(), await f.worker()];
    const task = newTask();
    await f.store.tasks.insertQueued([task]);
    const claim = claimOf(task);
    expect(await f.store.tasks.claim(one, [claim], DURABLE)).toEqual([
      { id: task.id, retries: 0, suspected: 0, crashes: 0 },
    ]);
    expect(await f.store.tasks.claim(one, [claim], DURABLE)).toHaveLength(1);
    expect(await f.store.tasks.claim(one, [claimOf(task)], DURABLE)).toEqual([]);
    expect(await f.store.tasks.claim(two, [claimOf(task)], DURABLE)).toEqual([]);
  });

  test('makes the row of a message whose producer has written none', async () => {
    await using f = await fixture();
    const worker = await f.worker();
    const task = newTask({ userId: newId(), message: '{"replyTo":"inbox"}' });
    expect(await f.store.tasks.claim(worker, [claimOf(task)], { durable: false })).toHaveLength(1);
    expect(await f.store.tasks.get(task.id)).toMatchObject({
      state: 'STARTED',
      input: { x: 1 },
      userId: task.userId,
      message: { replyTo: 'inbox' },
    });
  });

  test.each([
    ['a message that had a row, when the row is gone', { hadRow: true }, {}],
    ['an expired message without a row', {}, { expiresAt: Date.now() - 1000 }],
  ])('refuses %s', async (_, claim, values) => {
    await using f = await fixture();
    const task = newTask(values);
    expect(await f.store.tasks.claim(await f.worker(), [claimOf(task, claim)], DURABLE)).toEqual([]);
    expect(await f.store.tasks.get(task.id)).toBeUndefined();
  });

  test('refuses a worker whose lease has lapsed, or that never had one', async () => {
    await using f = await fixture();
    const task = newTask();
    await f.store.tasks.insertQueued([task]);
    expect(await f.store.tasks.claim(await f.worker(-1), [claimOf(task)], DURABLE)).toEqual([]);
    expect(await f.store.tasks.claim({ id: newId(), name: 'nobody' }, [claimOf(task)], DURABLE)).toEqual([]);
  });

  test('refuses the message of an earlier generation; one without a generation is never stale', async () => {
    await using f = await fixture();
    const worker = await f.worker();
    const task = newTask();
    const first = claimOf(task);
    await f.store.tasks.claim(worker, [first], DURABLE);
    const retry = { id: task.id, claimNo: first.claimNo, kind: 'retry' as const, delayMs: 0, error: null };
    await f.store.tasks.postpone(worker.id, [retry]);
    expect(await f.store.tasks.claim(worker, [claimOf(task)], DURABLE)).toEqual([]);
    expect(await f.store.tasks.claim(worker, [claimOf(task, { generation: -1 })], DURABLE)).toHaveLength(1);
    expect(await f.store.tasks.get(task.id)).toMatchObject({ generation: 1, retries: 1 });
  });

  test('stays a HOT update', async () => {
    await using f = await fixture();
    const worker = await f.worker();
    const tasks = Array.from({ length: 50 }, () => newTask());
    await f.store.tasks.insertQueued(tasks);
    await f.store.tasks.claim(
      worker,
      tasks.map((task) => claimOf(task)),
      DURABLE,
    );
    await f.store.close();
    // A session tells what it has counted when it ends.
    await eventually(async () => {
      const [stat] = await f.db.query<{ updated: string; hot: string }>(
        "select n_tup_upd as updated, n_tup_hot_upd as hot from pg_stat_user_tables where relname = 'tasks'",
      );
      expect(stat).toEqual({ updated: '50', hot: '50' });
      return true;
    });
  });
});

describe('record', () => {
  test('ends what is ours, and nothing else', async () => {
    await using f = await fixture();
    const [mine, theirs] = [await f.worker(), await f.worker()];
    const [a, b] = [newTask(), newTask()];
    const [claimA, claimB] = [claimOf(a), claimOf(b)];
    await f.store.tasks.claim(mine, [claimA], DURABLE);
    await f.store.tasks.claim(theirs, [claimB], DURABLE);
    const end = { state: 'SUCCESS' as const, result: '"\\u0000"', error: null };
    const items = [
      { id: b.id, claimNo: claimB.claimNo, ...end },
      { id: a.id, claimNo: claimA.claimNo, ...end },
    ];
    expect(await f.store.tasks.record(mine.id, items)).toEqual(new Map([[a.id, null]]));
    expect(await f.store.tasks.get(a.id)).toMatchObject({ state: 'SUCCESS', result: '\0', worker: mine.name });
    expect(await f.store.tasks.get(b.id)).toMatchObject({ state: 'STARTED' });
    expect(await f.store.tasks.record(mine.id, items)).toEqual(new Map());
    expect((await f.store.tasks.finished([a.id, b.id])).map((row) => row.id)).toEqual([a.id]);
  });

  test('a value that Postgres cannot keep fails its own task, the others of the batch end as they should', async () => {
    await using f = await fixture();
    const worker = await f.worker();
    const tasks = Array.from({ length: 5 }, () => newTask());
    const claims = tasks.map((task) => claimOf(task));
    await f.store.tasks.claim(worker, claims, DURABLE);
    const items = claims.map((claim, i) => ({
      id: claim.id,
      claimNo: claim.claimNo,
      state: 'SUCCESS' as const,
      result: i === 2 ? '{broken' : String(i),
      error: null,
    }));
    expect((await f.store.tasks.record(worker.id, items)).size).toBe(5);
    const rows = await Promise.all(tasks.map((task) => f.store.tasks.get(task.id)));
    expect(rows.map((row) => row!.state)).toEqual(['SUCCESS', 'SUCCESS', 'FAILURE', 'SUCCESS', 'SUCCESS']);
    expect(rows[2]!.error).toMatchObject({ type: 'ResultNotStorable' });
  });

  test('final: one row at the end, the first to record wins', async () => {
    await using f = await fixture();
    const task = newTask();
    const item = {
      task,
      state: 'SUCCESS' as const,
      retries: 0,
      worker: 'w1',
      result: '1',
      error: null,
      startedAt: Date.now(),
    };
    await f.store.tasks.recordFinal([item]);
    await f.store.tasks.recordFinal([{ ...item, worker: 'w2', result: '2' }]);
    expect(await f.store.tasks.get(task.id)).toMatchObject({
      state: 'SUCCESS',
      result: 1,
      worker: 'w1',
      input: { x: 1 },
    });
  });

  test('progress is seen while the claim holds, not after', async () => {
    await using f = await fixture();
    const worker = await f.worker();
    const claim = claimOf(newTask());
    await f.store.tasks.claim(worker, [claim], DURABLE);
    const report = (percent: number) =>
      f.store.tasks.progress(worker.id, [
        { id: claim.id, claimNo: claim.claimNo, progress: JSON.stringify({ percent }) },
      ]);
    await report(10);
    expect(await f.store.tasks.get(claim.id)).toMatchObject({ state: 'PROGRESS', progress: { percent: 10 } });
    const end = { id: claim.id, claimNo: claim.claimNo, state: 'SUCCESS' as const, result: '1', error: null };
    await f.store.tasks.record(worker.id, [end]);
    await report(20);
    expect(await f.store.tasks.get(claim.id)).toMatchObject({ state: 'SUCCESS', progress: { percent: 10 } });
  });
});

describe('another attempt', () => {
  test.each([
    ['retry', 'RETRY', 1, 'RETRY'],
    ['snooze', 'SCHEDULED', 0, 'SNOOZED'],
    ['release', 'QUEUED', 0, 'RELEASED'],
    ['crash', 'RETRY', 0, 'CRASHED'],
  ] as const)(
    '%s: %s, the next message in the outbox, the ended attempt kept',
    async (kind, state, retries, outcome) => {
      await using f = await fixture();
      const worker = await f.worker();
      const claim = claimOf(newTask());
      await f.store.tasks.claim(worker, [claim], DURABLE);
      const item = { id: claim.id, claimNo: claim.claimNo, kind, delayMs: 5000, error: '{"type":"E","message":"m"}' };
      expect(await f.store.tasks.postpone(worker.id, [item])).toEqual(new Map([[claim.id, null]]));
      expect(await f.store.tasks.postpone(worker.id, [item])).toEqual(new Map());
      expect(await f.store.tasks.get(claim.id)).toMatchObject({ state, generation: 1, retries });
      expect(await f.db.query('select turn as generation, due_at > now() as later from outbox')).toEqual([
        { generation: 1, later: true },
      ]);
      expect(await f.db.query('select outcome, worker from attempts')).toEqual([{ outcome, worker: worker.id }]);
    },
  );

  test('of a task without a claim: its row is made, once for each generation', async () => {
    await using f = await fixture();
    const item = { ...newTask(), generation: 0, retries: 1, crashes: 0, kind: 'retry' as const, delayMs: 0 };
    await f.store.tasks.postponeUnclaimed([item]);
    await f.store.tasks.postponeUnclaimed([item]);
    expect(await f.store.tasks.get(item.id)).toMatchObject({ state: 'RETRY', generation: 1, retries: 1 });
    expect(await f.db.query('select turn as generation from outbox')).toEqual([{ generation: 1 }]);
  });

  test('by the death of a child: counted apart from retries, and told with the next claim', async () => {
    await using f = await fixture();
    const worker = await f.worker();
    const rowless = { ...newTask(), generation: 0, retries: 0, crashes: 1, kind: 'crash' as const, delayMs: 0 };
    await f.store.tasks.postponeUnclaimed([rowless]);
    expect(await f.store.tasks.get(rowless.id)).toMatchObject({ state: 'RETRY', retries: 0, crashes: 1 });
    const claim = claimOf(newTask());
    await f.store.tasks.claim(worker, [claim], DURABLE);
    const item = { id: claim.id, claimNo: claim.claimNo, kind: 'crash' as const, delayMs: 0, error: '{}' };
    await f.store.tasks.postpone(worker.id, [item]);
    const next = { ...claim, generation: 1, claimNo: claim.claimNo + 1 };
    // A suspect by now, which the quarantine alone is granted.
    expect(await f.store.tasks.claim(worker, [next], DURABLE)).toEqual([]);
    expect(await f.store.tasks.claim(worker, [next], { ...DURABLE, suspects: true })).toEqual([
      { id: claim.id, retries: 0, suspected: 0, crashes: 1 },
    ]);
  });
});

describe('cancel and expiry', () => {
  test('a waiting task is REVOKED at once, and its message with it', async () => {
    await using f = await fixture();
    const task = newTask();
    await insertOne(f.store.tasks, task, { delayMs: 60_000, leaseMs: 0 });
    expect(await revokeOne(f.store.tasks, task.id, { actor: 'ana', reason: 'mistake' })).toEqual({ kind: 'revoked' });
    expect(await f.store.tasks.get(task.id)).toMatchObject({
      state: 'REVOKED',
      cancelActor: 'ana',
      cancelReason: 'mistake',
    });
    expect(await f.db.query('select * from outbox')).toEqual([]);
    expect(await revokeOne(f.store.tasks, task.id, { actor: null, reason: null })).toEqual({
      kind: 'terminal',
      state: 'REVOKED',
    });
    expect(await revokeOne(f.store.tasks, newId(), { actor: null, reason: null })).toEqual({ kind: 'unknown' });
    expect(await f.store.tasks.claim(await f.worker(), [claimOf(task)], DURABLE)).toEqual([]);
  });

  test('a running task gets a cancel request', async () => {
    await using f = await fixture();
    const worker = await f.worker();
    const claim = claimOf(newTask());
    await f.store.tasks.claim(worker, [claim], DURABLE);
    expect(await revokeOne(f.store.tasks, claim.id, { actor: null, reason: null })).toEqual({
      kind: 'running',
      worker: worker.id,
    });
    expect(await f.store.tasks.get(claim.id)).toMatchObject({ state: 'STARTED', finishedAt: null });
    expect((await f.store.tasks.get(claim.id))!.cancelAt).not.toBeNull();
  });

  test('what passed its expiry is not claimed, and ends EXPIRED', async () => {
    await using f = await fixture();
    const task = newTask({ expiresAt: Date.now() - 1000 });
    await f.store.tasks.insertQueued([task]);
    expect(await f.store.tasks.claim(await f.worker(), [claimOf(task)], DURABLE)).toEqual([]);
    expect(await f.store.tasks.claimStates([task.id])).toMatchObject([{ expired: true, claimWorker: null }]);
    expect(await f.store.tasks.endUnclaimed(task.id)).toBe('EXPIRED');
    expect(await f.store.tasks.endUnclaimed(task.id)).toBe('EXPIRED');
    const alive = newTask();
    await f.store.tasks.insertQueued([alive]);
    expect(await f.store.tasks.endUnclaimed(alive.id)).toBe('QUEUED');
    expect(await f.store.tasks.endUnclaimed(newId())).toBeUndefined();
  });
});

describe('many first', () => {
  test('each is due after its delay; one that is there already stays as it is', async () => {
    await using f = await fixture();
    const [there, now, later] = [newTask(), newTask(), newTask()];
    await f.store.tasks.insertQueued([there]);
    const items = [
      { task: later, delayMs: 60_000 },
      { task: now, delayMs: 0 },
      { task: there, delayMs: 0 },
    ];
    expect((await f.store.tasks.insertFirstMany(items)).sort()).toEqual([now.id, later.id].sort());
    expect(await f.store.tasks.insertFirstMany(items)).toEqual([]);
    for (const [{ id }, state] of [
      [there, 'QUEUED'],
      [now, 'PENDING'],
      [later, 'SCHEDULED'],
    ] as const)
      expect((await f.store.tasks.get(id))!.state).toBe(state);
    const due = await f.store.outbox.leaseDue({ withinMs: 1000, leaseMs: 1000, limit: 10 });
    expect(due.map(({ taskId }) => taskId)).toEqual([now.id]);
    expect(await f.db.query("select 1 from outbox where due_at > now() + interval '50 s'")).toHaveLength(1);
  });
});

describe('take-over', () => {
  test('one of several wins; the dead claim can no longer write', async () => {
    await using f = await fixture();
    const dead = await f.worker(-2000);
    await f.db.query("update workers set lease_until = now() + interval '1 minute' where id = $1", [dead.id]);
    const claim = claimOf(newTask());
    await f.store.tasks.claim(dead, [claim], DURABLE);
    await f.db.query("update workers set lease_until = now() - interval '1 ms' where id = $1", [dead.id]);
    expect(await f.store.tasks.claimStates([claim.id])).toMatchObject([{ claimWorker: dead.id, holderAlive: false }]);

    const heirs = await Promise.all([f.worker(), f.worker(), f.worker()]);
    const from = { worker: dead.id, claimNo: claim.claimNo };
    const taken = await Promise.all(
      heirs.map((heir, i) => f.store.tasks.takeOver(heir, { id: claim.id, claimNo: 900 + i, from, suspects: true })),
    );
    expect(taken.filter(Boolean)).toEqual([{ id: claim.id, retries: 0, suspected: 1, crashes: 0 }]);
    const late = { id: claim.id, claimNo: claim.claimNo, state: 'SUCCESS' as const, result: '1', error: null };
    expect(await f.store.tasks.record(dead.id, [late])).toEqual(new Map());
    expect(await f.db.query('select outcome, worker from attempts')).toEqual([{ outcome: 'LOST', worker: dead.id }]);
  });
});
