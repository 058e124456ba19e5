import { performance } from 'node:perf_hooks';
import { decodeTask } from '@lovage/celery';
import { StoreUnavailableError, type OutgoingMessage, type TaskStore } from '@lovage/ports';
import { eventually } from '@lovage/testing';
import { finalEcho, ClientFixture, plainEcho, unrecordedEcho } from '../testing/fixture.ts';

const USER = '01a1fbb7-f668-72f8-b5cd-3f789396c592';

function decoded(message: OutgoingMessage) {
  const { body, headers, contentType, contentEncoding, correlationId, replyTo } = message;
  const result = decodeTask({ body, headers, contentType, contentEncoding, correlationId, replyTo });
  if (!result.ok) throw new Error(result.reason);
  return result.task;
}

describe('submit, the fast way', () => {
  test('publishes, then has the row, and resolves with both', async () => {
    await using fixture = await ClientFixture.open();
    const handle = await fixture
      .client()
      .submit(plainEcho, { value: [1] }, { userId: USER, expires: '1h', timeLimit: 9 });
    const row = (await fixture.store.tasks.get(handle.id))!;
    expect(row).toMatchObject({
      state: 'QUEUED',
      name: 'test.echo',
      queue: 'default',
      input: { value: [1] },
      userId: USER,
    });
    expect(row).toMatchObject({ rootId: handle.id, parentId: null, generation: 0, eta: null });
    expect(await fixture.outbox()).toEqual([]);
    const [message] = fixture.broker.sent;
    const task = decoded(message!);
    expect(task).toMatchObject({
      id: handle.id,
      kwargs: { value: [1] },
      generation: 0,
      hasRow: false,
      rowless: false,
      timeLimit: [9, null],
    });
    expect(task.newTask).toEqual({ userId: USER, expiresAt: row.expiresAt });
    expect(task.replyTo).toBe((row.message as { replyTo: string }).replyTo);
    expect((await fixture.broker.depth('default')).ready).toBe(1);
  });

  test('several hundred at once are several hundred messages and rows', async () => {
    await using fixture = await ClientFixture.open();
    const client = fixture.client();
    const handles = await Promise.all(
      Array.from({ length: 500 }, (_, value) => client.submit(plainEcho, { value }, { awaitReply: false })),
    );
    const [{ count }] = (await fixture.db.query(
      "select count(*)::int from tasks where state = 'QUEUED' and message is null",
    )) as [{ count: number }];
    expect(count).toBe(500);
    expect(new Set(handles.map(({ id }) => id)).size).toBe(500);
    expect((await fixture.broker.depth('default')).ready).toBe(500);
  });

  test('with record final or none there is a message and no row', async () => {
    await using fixture = await ClientFixture.open();
    const client = fixture.client();
    await client.submit(finalEcho, { value: 1 });
    await client.submit(unrecordedEcho, { value: 1 });
    expect(await fixture.db.query('select id from tasks')).toEqual([]);
    expect((await fixture.broker.depth('default')).ready).toBe(2);
  });

  test('a queue that no contract names is not made; the submit is refused and nothing stored', async () => {
    await using fixture = await ClientFixture.open();
    const client = fixture.client();
    for (const options of [{}, { delay: 1 as const }, { idempotencyKey: 'k' }])
      await expect(client.submit(plainEcho, { value: 1 }, { queue: 'elsewhere', ...options })).rejects.toMatchObject({
        code: 'unroutable',
        queue: 'elsewhere',
      });
    await expect(fixture.broker.depth('elsewhere')).rejects.toMatchObject({ code: 'unroutable' });
    expect(await fixture.db.query('select id from tasks')).toEqual([]);
    await fixture.broker.declare('elsewhere');
    await client.submit(plainEcho, { value: 1 }, { queue: 'elsewhere' });
    await client.submit(plainEcho, { value: 1 }, { queue: 'elsewhere', delay: 60 });
    expect((await fixture.broker.depth('elsewhere')).ready).toBe(1);
  });

  test('with Postgres away after the confirm it is accepted at once, and the row follows', async () => {
    await using fixture = await ClientFixture.open();
    const client = fixture.client();
    await client.submit(plainEcho, { value: 0 });
    await fixture.line.refuse();
    const handles = [];
    const started = performance.now();
    for (let value = 1; value <= 20; value += 1) handles.push(await client.submit(plainEcho, { value }));
    expect(performance.now() - started).toBeLessThan(1000);
    expect((await fixture.broker.depth('default')).ready).toBe(21);
    await fixture.line.heal();
    await eventually(async () => (await fixture.db.query('select id from tasks')).length === 21);
  });
});

describe('submit, row first', () => {
  test('with a key: row and message, and the relay finds nothing to do', async () => {
    await using fixture = await ClientFixture.open();
    const handle = await fixture.client().submit(plainEcho, { value: 1 }, { idempotencyKey: 'order 7' });
    expect(handle.fresh).toBe(true);
    expect(decoded(fixture.broker.sent[0]!)).toMatchObject({ id: handle.id, hasRow: true, generation: 0 });
    await eventually(async () => (await fixture.outbox()).length === 0);
    expect(await handle.state()).toBe('QUEUED');
  });

  test('the same key: the same task for the same submit, whatever the order of fields; an error for another', async () => {
    await using fixture = await ClientFixture.open();
    const client = fixture.client();
    const key = { idempotencyKey: 'k', expires: '1h' as const };
    const first = await client.submit(plainEcho, { value: { a: 1, b: 2 } }, key);
    const again = await client.submit(plainEcho, { value: { b: 2, a: 1 } }, { ...key, awaitReply: false });
    expect([again.id, again.fresh]).toEqual([first.id, false]);
    for (const [value, options] of [
      [{ a: 1, b: 3 }, key],
      [
        { a: 1, b: 2 },
        { ...key, expires: '2h' as const },
      ],
    ] as const)
      await expect(client.submit(plainEcho, { value }, options)).rejects.toMatchObject({
        code: 'idempotency_key_reused',
        key: 'k',
        taskId: first.id,
      });
    expect((await fixture.db.query('select id from tasks')).length).toBe(1);
    expect(fixture.broker.sent.length).toBe(1);
    // Another user, another contract: other keys.
    const others = await Promise.all([
      client.submit(plainEcho, { value: 1 }, { idempotencyKey: 'k', userId: USER }),
      client.submit(finalEcho, { value: 1 }, { idempotencyKey: 'k' }),
    ]);
    expect(others.every(({ fresh }) => fresh)).toBe(true);
  });

  test('thirty at once with one key make one task and one message', async () => {
    await using fixture = await ClientFixture.open();
    const clients = [fixture.client(), fixture.client(), fixture.client()];
    const handles = await Promise.all(
      Array.from({ length: 30 }, (_, i) => clients[i % 3]!.submit(plainEcho, { value: 1 }, { idempotencyKey: 'k' })),
    );
    expect(new Set(handles.map(({ id }) => id)).size).toBe(1);
    expect(handles.filter(({ fresh }) => fresh).length).toBe(1);
    expect(fixture.broker.sent.length).toBe(1);
  });

  test('with a delay or a time it waits in the outbox, free for any relay', async () => {
    await using fixture = await ClientFixture.open();
    const client = fixture.client();
    const delayed = await client.submit(plainEcho, { value: 1 }, { delay: '1m' });
    const timed = await client.submit(plainEcho, { value: 1 }, { eta: new Date(Date.now() + 3_600_000) });
    expect(fixture.broker.sent).toEqual([]);
    expect([await delayed.state(), await timed.state()]).toEqual(['SCHEDULED', 'SCHEDULED']);
    const outbox = await fixture.outbox();
    const dueIn = (id: string) => outbox.find((row) => row.task_id === id)!.due_in;
    expect(dueIn(delayed.id)).toBeGreaterThan(50);
    expect(dueIn(delayed.id)).toBeLessThanOrEqual(60);
    expect(dueIn(timed.id)).toBeGreaterThan(3500);
    expect(outbox.some(({ leased }) => leased)).toBe(false);
    const past = await client.submit(plainEcho, { value: 1 }, { eta: new Date(0) });
    expect(decoded(fixture.broker.sent[0]!).id).toBe(past.id);
  });

  test.each(['down', 'blocked'] as const)(
    'with the broker %s it is accepted within 200 ms, for the relay',
    async (state) => {
      await using fixture = await ClientFixture.open();
      const client = fixture.client();
      await client.submit(plainEcho, { value: 0 });
      if (state === 'down') fixture.broker.cut();
      else fixture.broker.block();
      const [took, ids]: [number[], string[]] = [[], []];
      for (let value = 1; value <= 5; value += 1) {
        const started = performance.now();
        const handle = await client.submit(plainEcho, { value });
        took.push(performance.now() - started);
        ids.push(handle.id);
        expect(await handle.state()).toBe('PENDING');
      }
      // The least of five: any single one may meet a busy machine.
      expect(Math.min(...took)).toBeLessThan(200);
      expect(await fixture.outbox()).toMatchObject(
        ids.sort().map((id) => ({ task_id: id, generation: 0, leased: null })),
      );
    },
  );

  test('a broker that blocks while publishes wait for their confirm makes nobody wait', async () => {
    await using fixture = await ClientFixture.open();
    const client = fixture.client();
    await client.submit(plainEcho, { value: 0 });
    const release = fixture.broker.holdConfirms();
    const submits = [
      client.submit(plainEcho, { value: 1 }),
      client.submit(plainEcho, { value: 2 }, { idempotencyKey: 'k' }),
    ];
    await eventually(() => fixture.broker.sent.length === 3);
    fixture.broker.block();
    const [fast, keyed] = await Promise.all(submits);
    const waiting = await fixture.outbox();
    expect(waiting.map(({ task_id }) => task_id).sort()).toEqual([fast!.id, keyed!.id].sort());
    fixture.broker.unblock();
    release();
  });

  test.each(['kept', 'gone'] as const)(
    'a lost confirm, the message %s: accepted, of one generation, for the relay',
    async (message) => {
      await using fixture = await ClientFixture.open();
      const client = fixture.client();
      await client.submit(plainEcho, { value: 0 });
      fixture.broker.loseConfirms(message);
      const handle = await client.submit(plainEcho, { value: 1 });
      expect(await fixture.outbox()).toMatchObject([{ task_id: handle.id, generation: 0 }]);
      const keyed = await client.submit(plainEcho, { value: 2 }, { idempotencyKey: 'k' });
      // Its lease was released, so the relay need not wait for it to run out.
      const outbox = await fixture.outbox();
      expect(outbox.find(({ task_id }) => task_id === keyed.id)).toMatchObject({ leased: false });
      expect((await fixture.broker.depth('default')).ready).toBe(message === 'kept' ? 3 : 1);
    },
  );

  test('what cannot be accepted is refused with the reason', async () => {
    await using fixture = await ClientFixture.open();
    const client = fixture.client();
    await client.submit(plainEcho, { value: 0 });
    await fixture.line.refuse();
    await expect(client.submit(plainEcho, { value: 1 }, { delay: 1 })).rejects.toMatchObject({
      code: 'store_unavailable',
    });
    fixture.broker.loseConfirms('kept');
    await expect(client.submit(plainEcho, { value: 1 })).rejects.toMatchObject({ code: 'confirm_lost' });
    fixture.broker.cut();
    await expect(client.submit(plainEcho, { value: 1 })).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  test('a message that is published but not acked stays leased, and nobody is told of a failure', async () => {
    await using fixture = await ClientFixture.open();
    const { tasks } = fixture.store;
    const cutting = Object.create(tasks, {
      insertFirst: {
        value: async (...args: Parameters<TaskStore['insertFirst']>) => {
          const kept = await tasks.insertFirst(...args);
          await fixture.line.refuse();
          return kept;
        },
      },
    }) as TaskStore;
    const handle = await fixture.client({ tasks: cutting }).submit(plainEcho, { value: 1 }, { idempotencyKey: 'k' });
    expect(fixture.broker.sent.length).toBe(1);
    expect(await fixture.outbox()).toMatchObject([{ task_id: handle.id, leased: true }]);
    await expect(handle.state()).rejects.toThrow(StoreUnavailableError);
    await fixture.line.heal();
  });
});

describe('submit by name', () => {
  test('validates all the same, and an unknown name is an error', async () => {
    await using fixture = await ClientFixture.open();
    const client = fixture.client();
    await expect(client.submitByName('test.nope', {})).rejects.toMatchObject({ code: 'contract_unknown' });
    await expect(client.submitByName('test.echo', { valu: 1 })).rejects.toMatchObject({ code: 'input_invalid' });
    const handle = await client.submitByName('test.echo', { value: 1 });
    expect(await handle.state()).toBe('QUEUED');
  });

  test('a foreign task goes out with its arguments, and its row can make the message again', async () => {
    await using fixture = await ClientFixture.open();
    await fixture.broker.declare('celery');
    const client = fixture.client();
    const task = { name: 'interop.add', args: [1, 'two'], kwargs: { three: 3 } };
    const handle = await client.submitForeign(task, { queue: 'celery' });
    expect(decoded(fixture.broker.sent[0]!)).toMatchObject({
      name: 'interop.add',
      args: [1, 'two'],
      kwargs: { three: 3 },
    });
    expect(await fixture.store.tasks.get(handle.id)).toMatchObject({
      input: null,
      message: { args: [1, 'two'], kwargs: { three: 3 } },
    });
    const byName = await client.submitForeign({ name: 'interop.add', kwargs: { x: 1 } }, { queue: 'celery' });
    expect(await fixture.store.tasks.get(byName.id)).toMatchObject({ input: { x: 1 } });
    await expect(client.submitForeign({ name: 'a b' }, { queue: 'celery' })).rejects.toMatchObject({ option: 'name' });
  });
});
