import { insertOne } from '@lovage/testing';
import type { AwaitedMessage, RescueCursor } from '@lovage/ports';
import { newId } from '@lovage/foundation';
import { claimOf, fixture, newTask, type StoreFixture } from '../testing/fixture.ts';

const ago = (f: StoreFixture, seconds: number): Promise<unknown> =>
  f.db.query(
    "update tasks set created_at = created_at - $1::float8 * interval '1 s', started_at = started_at - $1::float8 * interval '1 s'",
    [seconds],
  );

describe('the search for lost messages', () => {
  test('finds what waits for the broker alone: not what is claimed, in the outbox, over, or new', async () => {
    await using f = await fixture();
    const [lost, claimed, over, delayed] = [newTask(), newTask(), newTask(), newTask()];
    await f.store.tasks.insertQueued([lost]);
    const worker = await f.worker();
    const done = claimOf(over);
    await f.store.tasks.claim(worker, [claimOf(claimed), done], { durable: true });
    await f.store.tasks.record(worker.id, [
      { id: over.id, claimNo: done.claimNo, state: 'SUCCESS', result: '1', error: null },
    ]);
    await insertOne(f.store.tasks, delayed, { delayMs: 60_000, leaseMs: 0 });
    await ago(f, 60);
    await f.store.tasks.insertQueued([newTask()]);
    const found = await f.store.rescue.awaited({ after: undefined, limit: 100, olderThanMs: 10_000 });
    expect(found).toEqual({ items: [{ taskId: lost.id, generation: 0, queue: 'default' }], next: undefined });
  });

  test('goes through them in pages, each once', async () => {
    await using f = await fixture();
    const tasks = Array.from({ length: 7 }, () => newTask());
    await f.store.tasks.insertQueued(tasks);
    await ago(f, 60);
    const seen: AwaitedMessage[] = [];
    let after: RescueCursor | undefined;
    let pages = 0;
    do {
      const page = await f.store.rescue.awaited({ after, limit: 3, olderThanMs: 10_000 });
      seen.push(...page.items);
      after = page.next;
      pages += 1;
    } while (after);
    expect(seen.map(({ taskId }) => taskId).sort()).toEqual(tasks.map(({ id }) => id).sort());
    expect(pages).toBe(3);
  });

  test('sends again what still waits, once, with the same generation', async () => {
    await using f = await fixture();
    const [a, b, c] = [newTask(), newTask(), newTask()];
    await f.store.tasks.insertQueued([a, b, c]);
    await f.store.tasks.claim(await f.worker(), [claimOf(b)], { durable: true });
    const items = [a, b, c].map(({ id }) => ({ taskId: id, generation: id === c.id ? 1 : 0, queue: 'default' }));
    expect(await f.store.rescue.resend(items)).toBe(1);
    expect(await f.store.rescue.resend(items)).toBe(0);
    expect(await f.db.query('select task_id, turn as generation from outbox')).toEqual([
      { task_id: a.id, generation: 0 },
    ]);
  });

  test('asks the workers of a queue, and hears what they hold', async () => {
    await using f = await fixture();
    const queues = ['default', 'other'];
    const [one, two, lapsed] = [newId(), newId(), newId()];
    const insert = `insert into workers (id, name, lease_until, info) values ($1, $2, now() + $3::float8 * interval '1 s', $4)`;
    await f.db.query(insert, [one, 'one', 60, { queues }]);
    await f.db.query(insert, [two, 'two', 60, { queues: ['default'] }]);
    await f.db.query(insert, [lapsed, 'lapsed', -1, { queues }]);
    await f.db.query(insert, [newId(), 'tells nothing', 60, null]);
    const [a, b] = [newId(), newId()];
    await f.store.rescue.report(one, 'default', [a]);
    expect(await f.store.rescue.sought(one, queues)).toEqual([]);
    const since = await f.store.rescue.ask(['default']);
    expect(await f.store.rescue.sought(one, queues)).toEqual(['default']);
    expect(await f.store.rescue.holders(queues, since)).toEqual(
      expect.arrayContaining([
        { queue: 'default', workers: 2, answered: 0, held: new Set() },
        { queue: 'other', workers: 1, answered: 0, held: new Set() },
      ]),
    );
    await f.store.rescue.report(one, 'default', [a, b]);
    await f.store.rescue.report(two, 'default', []);
    expect(await f.store.rescue.sought(one, queues)).toEqual([]);
    expect(await f.store.rescue.holders(['default'], since)).toEqual([
      { queue: 'default', workers: 2, answered: 2, held: new Set([a, b]) },
    ]);
    // What it answered goes with its lease, and nothing is taken from one without a lease.
    await f.db.query('delete from workers');
    expect(await f.db.query('select * from message_holdings')).toEqual([]);
    await expect(f.store.rescue.report(one, 'default', [a])).rejects.toMatchObject({ code: 'value_refused' });
    expect(await f.store.rescue.holders(['default'], since)).toEqual([]);
  });

  test('asking forgets what was asked long ago', async () => {
    await using f = await fixture();
    await f.store.rescue.ask(['default', 'other']);
    await f.db.query("update message_searches set asked_at = now() - interval '2 hours'");
    await f.store.rescue.ask(['default']);
    expect(await f.db.query('select queue from message_searches')).toEqual([{ queue: 'default' }]);
  });
});
