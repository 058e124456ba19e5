import { deferred } from '@lovage/foundation';
import { eventually } from '@lovage/testing';
import type { TaskContext } from '@lovage/task';
import { echo, Fixture } from '../testing/fixture.ts';

const twice = echo({ retry: { maxAttempts: 2, delay: 0 } });

/** Runs a task whose first attempt ends with a retry, and its second to the end; how it ended. */
async function twoAttempts(f: Fixture, handle: (task: TaskContext) => Promise<unknown>, contract = twice) {
  await f.worker(contract, async (_, task) => {
    const value = await handle(task);
    if (task.attempt === 1) throw task.retry();
    return value;
  });
  const id = await f.send(1);
  await eventually(async () => (await f.store.tasks.get(id))?.generation === 1);
  await f.send(1, { id, generation: 1, retries: 1, hasRow: true });
  return f.ended(id);
}

describe('task.once', () => {
  test('what is recorded is not done again by a later attempt, which gets the same', async () => {
    await using f = await Fixture.open();
    let charged = 0;
    const row = await twoAttempts(f, async (task) => [
      await task.once('charge', () => ({ at: new Date(0), receipt: (charged += 1) })),
      await task.once('nothing', () => undefined),
    ]);
    expect(charged).toBe(1);
    expect(row).toMatchObject({
      state: 'SUCCESS',
      result: [{ at: '1970-01-01T00:00:00.000Z', receipt: 1 }, null],
    });
  });

  test('what failed is not recorded: it is done again, in this attempt or the next', async () => {
    await using f = await Fixture.open();
    const tried: string[] = [];
    const row = await twoAttempts(f, (task) => {
      const charge = () => {
        tried.push(`attempt ${task.attempt}`);
        if (tried.length < 3) throw new Error('not yet');
        return tried.length;
      };
      return task.once('charge', charge).catch(() => task.once('charge', charge).catch(() => 'no'));
    });
    expect(tried).toEqual(['attempt 1', 'attempt 1', 'attempt 2']);
    expect(row).toMatchObject({ result: 3 });
  });

  test('one key used twice at once is one step', async () => {
    await using f = await Fixture.open();
    let done = 0;
    await f.worker(echo(), (_, task) =>
      Promise.all([1, 2, 3].map(() => task.once('charge', () => Promise.resolve((done += 1))))),
    );
    expect(await f.ended(await f.send(1))).toMatchObject({ result: [1, 1, 1] });
  });

  test('a claim that is gone records nothing: the attempt is over, and nothing of it counts', async () => {
    await using f = await Fixture.open();
    const [started, go] = [deferred(), deferred()];
    let caught: unknown;
    const worker = await f.worker(echo(), async (_, task) => {
      started.resolve();
      await task
        .once('charge', async () => {
          await go.promise;
          return 'charged';
        })
        .catch((error: unknown) => {
          caught = error;
          throw error;
        });
    });
    const settled = worker.signals.settled.next();
    const id = await f.send(1);
    await started.promise;
    // Another has taken it over meanwhile.
    await f.db.query('update tasks set claim_no = 4711, claim_worker = gen_random_uuid() where id = $1', [id]);
    go.resolve();
    await settled;
    expect(caught).toMatchObject({ code: 'lease_lost' });
    expect(await f.db.query('select * from steps')).toEqual([]);
    expect(await f.store.tasks.get(id)).toMatchObject({ state: 'STARTED', retries: 0 });
  });

  test.each<[string, (task: TaskContext) => Promise<unknown>, RegExp]>([
    ['no key', (task) => task.once('', () => 1), /1 to 200 characters/],
    ['a long key', (task) => task.once('k'.repeat(201), () => 1), /1 to 200 characters/],
    ['NUL in a key', (task) => task.once('a\0', () => 1), /without NUL/],
    ['a large value', (task) => task.once('k', () => 'x'.repeat(70_000)), /longer than 65536 bytes/],
    ['a value that is no JSON', (task) => task.once('k', () => 1n), /cannot be kept as JSON/],
  ])('%s is refused, for good', async (_, handle, message) => {
    await using f = await Fixture.open();
    await f.worker(twice, (_input, task) => handle(task));
    const row = await f.ended(await f.send(1));
    expect(row).toMatchObject({ state: 'FAILURE', retries: 0, error: { type: 'StepInvalidError' } });
    expect(row.error!.message).toMatch(message);
    expect(await f.db.query('select * from steps')).toEqual([]);
  });

  test.each(['final', 'none'] as const)(
    "with record: '%s' there is nothing to guard a step: refused",
    async (record) => {
      await using f = await Fixture.open();
      let done = false;
      await f.worker(echo({ record }), (_, task) => task.once('k', () => (done = true)));
      const replied = f.replied.next();
      await f.send(1);
      expect(await replied).toMatchObject({ state: 'FAILURE', error: { type: 'StepsUnavailableError' } });
      expect(done).toBe(false);
    },
  );
});
