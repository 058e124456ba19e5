import { newId } from '@lovage/foundation';
import type { NewDeadLetter, NewTask } from '@lovage/ports';
import { revokeOne, insertOne } from '@lovage/testing';
import { claimOf, fixture, newTask, type StoreFixture } from '../testing/fixture.ts';

const ERROR = { type: 'MessageGivenUp', message: 'given up' };

function deadLetter(overrides: Partial<NewDeadLetter> = {}): NewDeadLetter {
  const id = newId();
  return {
    id,
    fingerprint: id,
    redelivered: false,
    queue: 'default',
    reason: 'rejected',
    code: null,
    detail: null,
    taskId: null,
    wireId: null,
    name: null,
    generation: -1,
    priority: null,
    hadRow: false,
    headers: '{"task":"test.task","odd":"a\\u0000\\"b"}',
    contentType: 'application/json',
    contentEncoding: null,
    body: Buffer.from([0, 1, 0x5c, 0x22, 255]),
    bodySize: 5,
    diedAt: 1_700_000_000_000,
    task: null,
    error: JSON.stringify(ERROR),
    resend: false,
    ...overrides,
  };
}

const of = (task: NewTask, overrides: Partial<NewDeadLetter> = {}): NewDeadLetter =>
  deadLetter({ taskId: task.id, name: task.name, generation: 0, task, ...overrides });

/** A task whose message is with the broker. */
async function queued(f: StoreFixture): Promise<NewTask> {
  const task = newTask();
  await f.store.tasks.insertQueued([task]);
  return task;
}

const count = async (f: StoreFixture): Promise<number> => (await f.db.query('select 1 from dead_letters')).length;

describe('writing dead letters down', () => {
  test('as they were, whatever they hold', async () => {
    await using f = await fixture();
    const one = deadLetter({ code: 'body_not_json', detail: 'no "JSON"', name: 'é', contentType: null, priority: 7 });
    expect(await f.store.deadLetters.keep([one])).toEqual([{ id: one.id, outcome: 'none', failed: false }]);
    expect(await f.store.deadLetters.get(one.id)).toEqual({
      id: one.id,
      queue: 'default',
      reason: 'rejected',
      code: 'body_not_json',
      detail: 'no "JSON"',
      taskId: null,
      wireId: null,
      name: 'é',
      priority: 7,
      outcome: 'none',
      headers: { task: 'test.task', odd: 'a\u0000"b' },
      contentType: null,
      contentEncoding: null,
      body: one.body,
      bodySize: 5,
      diedAt: 1_700_000_000_000,
      receivedAt: expect.any(Number) as number,
      redrivenAt: null,
      redrivenAs: null,
      redrivenBy: null,
    });
    expect(await f.store.deadLetters.get(newId())).toBeUndefined();
  });

  test('one that comes again is the one that is there', async () => {
    await using f = await fixture();
    const first = deadLetter();
    await f.store.deadLetters.keep([first]);
    const again = { ...first, id: newId(), redelivered: true };
    expect(await f.store.deadLetters.keep([again, { ...again, id: newId() }])).toEqual([
      { id: first.id, outcome: 'none', failed: false },
      { id: first.id, outcome: 'none', failed: false },
    ]);
    expect(await count(f)).toBe(1);
  });

  test('a write whose answer was lost is repeated, and changes nothing', async () => {
    await using f = await fixture();
    const task = await queued(f);
    const one = deadLetter();
    const batch = [one, { ...one, id: newId() }, of(task)];
    const first = await f.store.deadLetters.keep(batch);
    const second = await f.store.deadLetters.keep(batch);
    expect(second.map(({ id, outcome }) => [id, outcome])).toEqual(first.map(({ id, outcome }) => [id, outcome]));
    expect(await count(f)).toBe(3);
  });

  test('both deliveries of a message in one batch make one dead letter', async () => {
    await using f = await fixture();
    const first = deadLetter();
    const again = { ...first, id: newId(), redelivered: true };
    const [a, b] = await f.store.deadLetters.keep([again, first]);
    expect([a!.id, b!.id]).toEqual([first.id, first.id]);
    expect(await count(f)).toBe(1);
  });

  test('equal messages, each delivered for the first time, are so many dead letters', async () => {
    await using f = await fixture();
    const one = deadLetter();
    await f.store.deadLetters.keep([one, { ...one, id: newId() }]);
    await f.store.deadLetters.keep([{ ...one, id: newId() }]);
    expect(await count(f)).toBe(3);
  });

  test('the late write of a collector that is gone adds nothing to that of its heir', async () => {
    await using f = await fixture();
    const late = deadLetter();
    const heir = { ...late, id: newId(), redelivered: true };
    await f.store.deadLetters.keep([heir]);
    expect(await f.store.deadLetters.keep([late])).toMatchObject([{ id: heir.id }]);
    expect(await count(f)).toBe(1);
  });

  test('many at once write each message once', async () => {
    await using f = await fixture();
    const deadLetters = Array.from({ length: 20 }, () => deadLetter({ redelivered: true }));
    const copies = Array.from({ length: 6 }, () => deadLetters.map((one) => ({ ...one, id: newId() })));
    const answers = await Promise.all(copies.map((batch) => f.store.deadLetters.keep(batch)));
    expect(new Set(answers.map((all) => all.map(({ id }) => id).join())).size).toBe(1);
    expect(await count(f)).toBe(20);
  });

  test('what cannot be kept is refused, and nothing of the batch is written', async () => {
    await using f = await fixture();
    const bad = deadLetter({ name: 'a\u0000b' });
    await expect(f.store.deadLetters.keep([deadLetter(), bad])).rejects.toMatchObject({ code: 'value_refused' });
    expect(await count(f)).toBe(0);
  });
});

describe('the rows that dead letters name', () => {
  test('a task that waits for the message ends, and is counted', async () => {
    await using f = await fixture();
    const [task, other] = [await queued(f), await queued(f)];
    const one = of(task);
    expect(await f.store.deadLetters.keep([one])).toEqual([{ id: one.id, outcome: 'ended', failed: true }]);
    expect(await f.store.tasks.get(task.id)).toMatchObject({
      state: 'FAILURE',
      error: ERROR,
      input: { x: 1 },
      finishedAt: expect.any(Number) as number,
    });
    expect(await f.store.tasks.get(other.id)).toMatchObject({ state: 'QUEUED' });
    expect((await f.store.lists.counts()).states).toMatchObject({ FAILURE: 1, QUEUED: 1 });
    const again = { ...one, id: newId(), redelivered: true };
    expect(await f.store.deadLetters.keep([again])).toEqual([{ id: one.id, outcome: 'ended', failed: false }]);
    expect((await f.store.lists.counts()).states.FAILURE).toBe(1);
  });

  test('two dead letters of one task in one batch end it once', async () => {
    await using f = await fixture();
    const task = await queued(f);
    const kept = await f.store.deadLetters.keep([of(task), of(task)]);
    expect(kept.map(({ outcome }) => outcome)).toEqual(['ended', 'ended']);
    expect((await f.store.lists.counts()).states.FAILURE).toBe(1);
  });

  test('one that a worker has is left to it, and one that has ended as it is', async () => {
    await using f = await fixture();
    const [claimed, ended] = [await queued(f), await queued(f)];
    await f.store.tasks.claim(await f.worker(), [claimOf(claimed)], { durable: true });
    await revokeOne(f.store.tasks, ended.id, { actor: null, reason: 'gone' });
    const kept = await f.store.deadLetters.keep([of(claimed), of(ended)]);
    expect(kept.map(({ outcome }) => outcome)).toEqual(['none', 'none']);
    expect(await f.store.tasks.get(claimed.id)).toMatchObject({ state: 'STARTED' });
    expect(await f.store.tasks.get(ended.id)).toMatchObject({ state: 'REVOKED' });
  });

  test('a message of an earlier generation ends nothing; without a generation it is taken for the first', async () => {
    await using f = await fixture();
    const task = await queued(f);
    await f.db.query('update tasks set turn = 1 where id = $1', [task.id]);
    const kept = await f.store.deadLetters.keep([of(task), of(task, { generation: -1 })]);
    expect(kept.map(({ outcome }) => outcome)).toEqual(['none', 'none']);
    expect(await f.store.deadLetters.keep([of(task, { generation: 1 })])).toMatchObject([{ outcome: 'ended' }]);
  });

  test('a message of that generation that is still to come saves the task', async () => {
    await using f = await fixture();
    const task = newTask();
    await insertOne(f.store.tasks, task, { delayMs: 60_000, leaseMs: 0 });
    expect(await f.store.deadLetters.keep([of(task)])).toMatchObject([{ outcome: 'none' }]);
    expect(await f.store.tasks.get(task.id)).toMatchObject({ state: 'SCHEDULED' });
  });

  test('one that is being sent is decided once it is known to be sent', async () => {
    await using f = await fixture();
    const task = newTask();
    await insertOne(f.store.tasks, task, { delayMs: 0, leaseMs: 10_000 });
    const one = of(task, { hadRow: true });
    const again = { ...one, redelivered: true };
    expect(await f.store.deadLetters.keep([one])).toEqual([{ id: one.id, outcome: null, failed: false }]);
    expect(await f.store.deadLetters.keep([again])).toEqual([{ id: one.id, outcome: null, failed: false }]);
    await f.store.outbox.published([{ taskId: task.id, generation: 0 }]);
    expect(await f.store.deadLetters.keep([again])).toEqual([{ id: one.id, outcome: 'ended', failed: true }]);
    expect(await count(f)).toBe(1);
  });

  test('without a row one is made, that the submit finds ended; but not where there was one before', async () => {
    await using f = await fixture();
    const [late, old] = [newTask(), newTask()];
    const kept = await f.store.deadLetters.keep([of(late), of(old, { hadRow: true })]);
    expect(kept.map(({ outcome }) => outcome)).toEqual(['ended', 'none']);
    await f.store.tasks.insertQueued([late]);
    expect(await f.store.tasks.get(late.id)).toMatchObject({ state: 'FAILURE', error: ERROR });
    expect(await f.store.tasks.get(old.id)).toBeUndefined();
  });

  test('one that was cancelled or has expired ends so', async () => {
    await using f = await fixture();
    const [cancelled, late] = [await queued(f), await queued(f)];
    await f.db.query("update tasks set cancel_at = now(), cancel_why = 'mistake' where id = $1", [cancelled.id]);
    await f.db.query("update tasks set expires_at = now() - interval '1 s' where id = $1", [late.id]);
    const kept = await f.store.deadLetters.keep([of(cancelled), of(late, { resend: true })]);
    expect(kept).toMatchObject([
      { outcome: 'ended', failed: false },
      { outcome: 'ended', failed: false },
    ]);
    expect(await f.store.tasks.get(cancelled.id)).toMatchObject({ state: 'REVOKED', error: { message: 'mistake' } });
    expect(await f.store.tasks.get(late.id)).toMatchObject({ state: 'EXPIRED' });
  });

  test('taken away by a rule of the queue it is sent once more, and then ends', async () => {
    await using f = await fixture();
    const task = await queued(f);
    const first = of(task, { reason: 'expired', resend: true });
    expect(await f.store.deadLetters.keep([first])).toMatchObject([{ outcome: 'sent_again' }]);
    expect(await f.db.query('select task_id, turn as generation from outbox')).toEqual([
      { task_id: task.id, generation: 0 },
    ]);
    const repeated = { ...first, id: newId(), redelivered: true };
    expect(await f.store.deadLetters.keep([repeated])).toMatchObject([{ id: first.id, outcome: 'sent_again' }]);
    await f.store.outbox.published([{ taskId: task.id, generation: 0 }]);
    expect(await f.store.tasks.get(task.id)).toMatchObject({ state: 'QUEUED' });
    const second = of(task, { reason: 'expired', resend: true });
    expect(await f.store.deadLetters.keep([second])).toMatchObject([{ outcome: 'ended' }]);
  });
});

describe('lists', () => {
  test('a page looks at so many dead letters: short, or empty, it says where the next one begins', async () => {
    await using f = await fixture();
    const oldest = deadLetter({ reason: 'maxlen' });
    await f.store.deadLetters.keep([oldest]);
    await f.db.query(
      `insert into dead_letters (id, fingerprint, queue, reason, headers, body, body_size)
       select ('ffffffff-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, n::text, 'default', 'rejected', '{}', '', 0
       from generate_series(1, 5001) n`,
    );
    const first = await f.store.deadLetters.list({ reason: 'maxlen' }, { limit: 10 });
    expect(first.items).toEqual([]);
    expect(first.next).not.toBeNull();
    const second = await f.store.deadLetters.list({ reason: 'maxlen' }, { limit: 10, before: first.next! });
    expect(second.items.map(({ id }) => id)).toEqual([oldest.id]);
    expect(second.next).toBeNull();
  });

  test('the dead letters of one task are found however old they are', async () => {
    await using f = await fixture();
    const one = of(newTask());
    await f.store.deadLetters.keep([one, deadLetter()]);
    const found = await f.store.deadLetters.list({ taskId: one.taskId! }, { limit: 10 });
    expect(found.items.map(({ id }) => id)).toEqual([one.id]);
  });

  test('a text is searched as it is', async () => {
    await using f = await fixture();
    const [percent, other] = [
      deadLetter({ detail: '100% of it' }),
      deadLetter({ detail: '1000 of it', body: Buffer.from('a_b') }),
    ];
    await f.store.deadLetters.keep([percent, other]);
    const found = async (text: string) =>
      (await f.store.deadLetters.list({ text }, { limit: 10 })).items.map(({ id }) => id);
    expect(await found('100% OF')).toEqual([percent.id]);
    expect(await found('a_b')).toEqual([other.id]);
    expect(await found('a%b')).toEqual([]);
  });
});

describe('retention', () => {
  test('dead letters go by age, the oldest first, a batch at a time; their tasks stay', async () => {
    await using f = await fixture();
    const task = await queued(f);
    const old = Array.from({ length: 3 }, () => deadLetter());
    const fresh = of(task);
    await f.store.deadLetters.keep([...old, fresh]);
    await f.db.query("update dead_letters set received_at = now() - interval '31 d' where id <> $1", [fresh.id]);
    const prune = () => f.store.retention.pruneDeadLetters({ olderThanMs: 30 * 86_400_000, limit: 2 });
    expect([await prune(), await prune(), await prune()]).toEqual([2, 1, 0]);
    expect(await f.db.query('select id from dead_letters')).toEqual([{ id: fresh.id }]);
    expect(await f.store.tasks.get(task.id)).toMatchObject({ state: 'FAILURE' });
  });
});

test('dead letters that are not redriven are counted by reason', async () => {
  await using f = await fixture();
  const expired = deadLetter({ reason: 'expired' });
  await f.store.deadLetters.keep([deadLetter(), deadLetter(), expired, deadLetter({ reason: 'maxlen' })]);
  await f.store.deadLetters.redrive([{ deadLetterId: expired.id, task: newTask(), delayMs: 0 }], null);
  const { deadLetters } = await f.store.lists.gauges();
  expect([...deadLetters].sort((a, b) => (a.reason < b.reason ? -1 : 1))).toEqual([
    { reason: 'maxlen', n: 1 },
    { reason: 'rejected', n: 2 },
  ]);
});
