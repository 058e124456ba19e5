import { insertOne } from '@lovage/testing';
import { fixture, newTask } from '../testing/fixture.ts';

const SOON = { withinMs: 1000, leaseMs: 30_000, limit: 100 };

describe('the outbox', () => {
  test('gives what is due, once, until its lease runs out', async () => {
    await using f = await fixture();
    const [now, later] = [newTask({ message: '{"replyTo":"r"}' }), newTask()];
    await insertOne(f.store.tasks, now, { delayMs: 0, leaseMs: 0 });
    await insertOne(f.store.tasks, later, { delayMs: 60_000, leaseMs: 0 });
    const [one, two] = await Promise.all([f.store.outbox.leaseDue(SOON), f.store.outbox.leaseDue(SOON)]);
    const leased = [...one, ...two];
    expect(leased).toMatchObject([
      { taskId: now.id, generation: 0, task: { name: 'test.task', message: { replyTo: 'r' } } },
    ]);
    expect(leased[0]!.dueInMs).toBeLessThanOrEqual(0);
    await f.db.query("update outbox set leased_until = now() - interval '1 ms' where task_id = $1", [now.id]);
    expect(await f.store.outbox.leaseDue(SOON)).toHaveLength(1);
    await f.store.outbox.release(
      [now].map(({ id }) => ({ taskId: id, generation: 0 })),
      -1,
    );
    expect(await f.store.outbox.leaseDue(SOON)).toHaveLength(1);
  });

  test('published: the message is gone, the waiting task is QUEUED', async () => {
    await using f = await fixture();
    const task = newTask();
    await insertOne(f.store.tasks, task, { delayMs: 0, leaseMs: 30_000 });
    expect(await f.store.outbox.leaseDue(SOON)).toEqual([]);
    await f.store.outbox.published([{ taskId: task.id, generation: 0 }]);
    expect(await f.store.tasks.get(task.id)).toMatchObject({ state: 'QUEUED' });
    expect(await f.db.query('select * from outbox')).toEqual([]);
  });

  test('the message of a task that is over, or gone, goes unpublished', async () => {
    await using f = await fixture();
    const [over, gone] = [newTask(), newTask()];
    for (const task of [over, gone]) await insertOne(f.store.tasks, task, { delayMs: 0, leaseMs: 0 });
    await f.db.query("update tasks set state = 'EXPIRED', finished_at = now() where id = $1", [over.id]);
    await f.db.query('delete from tasks where id = $1', [gone.id]);
    expect(await f.store.outbox.leaseDue(SOON)).toEqual([]);
    expect(await f.db.query('select * from outbox')).toEqual([]);
  });
});
