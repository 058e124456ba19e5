import { z } from 'zod';
import { deferred } from '@lovage/foundation';
import { StoreUnavailableError } from '@lovage/ports';
import { defineTask, type TaskContext, type TaskOptions } from '@lovage/task';
import { eventually } from '@lovage/testing';
import { Fixture } from '../testing/fixture.ts';

const contract = (defaults: TaskOptions) =>
  defineTask({ name: 'test.handed', input: z.strictObject({}), output: z.null(), defaults });

const waitingFor = async (f: Fixture, count: number) =>
  eventually(async () => {
    const [row] = await f.db.query<{ n: number }>(
      "select count(*)::int as n from outbox where due_at = 'infinity' and limit_key is not null",
    );
    return row!.n === count;
  });

/** Tasks that wait behind the first, which runs until `gate`; in the order in which they get the slot. */
async function queueUp(f: Fixture, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i += 1) {
    ids.push(await f.send(null, { name: 'test.handed', inputJson: '{}' }));
    await waitingFor(f, i);
    await eventually(async () => (await f.store.tasks.get(ids[i]!)) !== undefined);
  }
  return ids;
}

class Starts {
  readonly ids: string[] = [];
  readonly gate = deferred();
  running = 0;
  most = 0;

  readonly handle = async (_: unknown, task: TaskContext): Promise<null> => {
    this.ids.push(task.id);
    this.most = Math.max(this.most, (this.running += 1));
    await this.gate.promise;
    this.running -= 1;
    return null;
  };
}

// No relay runs here: whatever a slot needs to go on has to come from the worker that frees it.
describe('a slot that comes free', () => {
  test('goes to the next task at once, the longest-waiting first, in this worker', async () => {
    await using f = await Fixture.open();
    const starts = new Starts();
    await f.worker(contract({ concurrency: 1 }), starts.handle);
    const ids = await queueUp(f, 20);
    starts.gate.resolve();
    for (const id of ids) expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS' });
    expect(starts.ids).toEqual(ids);
    expect(starts.most).toBe(1);
    expect(await f.db.query('select * from outbox')).toEqual([]);
    expect(await f.db.query('select key, used from limit_keys where used <> 0')).toEqual([]);
  });

  test('also after a failure with another attempt to come', async () => {
    await using f = await Fixture.open();
    const starts = new Starts();
    const handle = async (input: unknown, task: TaskContext) => {
      await starts.handle(input, task);
      if (task.id === starts.ids[0]) throw new Error('again');
      return null;
    };
    await f.worker(contract({ concurrency: 1, retry: { maxAttempts: 3, delay: '1h' } }), handle);
    const ids = await queueUp(f, 5);
    starts.gate.resolve();
    for (const id of ids.slice(1)) expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS' });
    expect(await f.store.tasks.get(ids[0]!)).toMatchObject({ state: 'RETRY' });
  });

  test('goes by a message that is sent at once where the task has a rate as well', async () => {
    await using f = await Fixture.open();
    const starts = new Starts();
    await f.worker(contract({ concurrency: 1, rateLimit: { rate: '100000/s', burst: 1000 } }), starts.handle);
    const ids = await queueUp(f, 10);
    starts.gate.resolve();
    for (const id of ids) expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS' });
    expect(starts.ids).toEqual(ids);
    await eventually(async () => (await f.db.query('select from outbox')).length === 0);
  });

  test('goes by a message where others wait for this worker', async () => {
    await using f = await Fixture.open();
    const starts = new Starts();
    await f.worker(contract({ concurrency: 1 }), starts.handle, { concurrency: 2, prefetchMultiplier: 50 });
    const ids = await queueUp(f, 5);
    // They fill the other slot of the worker, and wait for more.
    const others = await Promise.all(
      Array.from({ length: 50 }, () => f.send(null, { name: 'test.handed', inputJson: '{}' })),
    );
    starts.gate.resolve();
    for (const id of [...ids, ...others]) expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS' });
    expect(starts.most).toBe(1);
    expect(new Set(starts.ids).size).toBe(starts.ids.length);
  });

  test('whose answer was lost: the task is run all the same, once', async () => {
    await using f = await Fixture.open();
    const starts = new Starts();
    await f.worker(contract({ concurrency: 1 }), starts.handle);
    const ids = await queueUp(f, 4);
    const { tasks } = f.store;
    const real = tasks.endHandingOver.bind(tasks);
    let lost = false;
    tasks.endHandingOver = async (...given) => {
      const answer = await real(...given);
      if (lost) return answer;
      lost = true;
      throw new StoreUnavailableError('the connection broke before the answer');
    };
    starts.gate.resolve();
    for (const id of ids) expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS' });
    expect(starts.ids).toEqual(ids);
  });

  test('a worker that stops meanwhile loses none of them', async () => {
    await using f = await Fixture.open();
    const starts = new Starts();
    const leaving = await f.worker(contract({ concurrency: 3 }), starts.handle);
    const ids = await queueUpAny(f, 60);
    starts.gate.resolve();
    await eventually(() => Promise.resolve(starts.ids.length > 10));
    await leaving.stop();
    await f.worker(contract({ concurrency: 3 }), starts.handle);
    f.relay();
    for (const id of ids) expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS' });
    expect(starts.most).toBeLessThanOrEqual(3);
  });
});

async function queueUpAny(f: Fixture, count: number): Promise<string[]> {
  const ids = await Promise.all(
    Array.from({ length: count }, () => f.send(null, { name: 'test.handed', inputJson: '{}' })),
  );
  await waitingFor(f, count - 3);
  return ids;
}
