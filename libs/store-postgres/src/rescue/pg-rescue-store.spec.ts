import type { AwaitedMessage, RescueCursor } from '@lovage/ports';
import { claimOf, fixture, newTask, type Fixture } from '../testing/fixture.ts';

const ago = (f: Fixture, seconds: number): Promise<unknown> =>
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
    await f.store.tasks.insertFirst(delayed, { delayMs: 60_000, leaseMs: 0 });
    await ago(f, 60);
    await f.store.tasks.insertQueued([newTask()]);
    const found = await f.store.rescue.awaited({ after: undefined, limit: 100, olderThanMs: 10_000 });
    expect(found).toEqual({ items: [{ taskId: lost.id, turn: 0, queue: 'default' }], next: undefined });
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

  test('sends again what still waits, once, with the same turn', async () => {
    await using f = await fixture();
    const [a, b, c] = [newTask(), newTask(), newTask()];
    await f.store.tasks.insertQueued([a, b, c]);
    await f.store.tasks.claim(await f.worker(), [claimOf(b)], { durable: true });
    const items = [a, b, c].map(({ id }) => ({ taskId: id, turn: id === c.id ? 1 : 0, queue: 'default' }));
    expect(await f.store.rescue.sendAgain(items)).toBe(1);
    expect(await f.store.rescue.sendAgain(items)).toBe(0);
    expect(await f.db.query('select task_id, turn from outbox')).toEqual([{ task_id: a.id, turn: 0 }]);
  });
});
