import { deferred } from '@lovage/foundation';
import { eventually, TestClock } from '@lovage/testing';
import { echo, Fixture } from '../testing/fixture.ts';

const value = (input: unknown) => (input as { value: unknown }).value;

/** Lets the worker look until it has followed. */
const until = (clock: TestClock, check: () => boolean | Promise<boolean>) =>
  eventually(async () => {
    await clock.advance(1000);
    return check();
  });

describe('a paused queue', () => {
  test('is not consumed: what waits goes back to the broker, what runs goes on; resumed, all of it runs', async () => {
    await using f = await Fixture.open();
    const clock = new TestClock();
    const goOn = deferred();
    const ran: unknown[] = [];
    await f.worker(
      echo(),
      async (input) => {
        ran.push(value(input));
        if (value(input) === 0) await goOn.promise;
        return value(input);
      },
      { clock, concurrency: 1, prefetchMultiplier: 4 },
    );
    const ids = [await f.send(0), await f.send(1), await f.send(2)];
    await eventually(() => ran.length === 1);
    await eventually(async () => (await f.ready()) === 0);
    await f.store.queues.pause('default', { actor: 'ana', reason: 'repairs' });
    await until(clock, async () => (await f.ready()) === 2);
    // The running one is not disturbed, and its ack counts.
    goOn.resolve();
    expect(await f.ended(ids[0]!)).toMatchObject({ state: 'SUCCESS' });
    ids.push(await f.send(3));
    await clock.advance(5000);
    expect([ran, await f.ready()]).toEqual([[0], 3]);
    await f.store.queues.resume('default');
    await until(clock, () => ran.length === 4);
    for (const id of ids) expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS' });
    await eventually(async () => (await f.ready()) === 0);
    f.broker.redeliver();
    await eventually(async () => (await f.ready()) === 0);
    expect(ran).toHaveLength(4);
  });

  test('is not consumed by a worker that starts later, nor after its connection was lost', async () => {
    await using f = await Fixture.open();
    await f.store.queues.pause('default', { actor: null, reason: null });
    const clock = new TestClock();
    let runs = 0;
    await f.worker(echo(), () => (runs += 1), { clock });
    const id = await f.send(1);
    f.broker.redeliver();
    await clock.advance(3000);
    expect([runs, await f.ready()]).toEqual([0, 1]);
    await f.store.queues.resume('default');
    await until(clock, () => runs === 1);
    expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS' });
  });

  test('stays as it was while the database is away', async () => {
    await using f = await Fixture.open();
    const clock = new TestClock();
    let runs = 0;
    const paused = f.store.queues.paused.bind(f.store.queues);
    let away = false;
    f.store.queues.paused = (queues) => (away ? Promise.reject(new Error('away')) : paused(queues));
    await f.worker(echo(), () => (runs += 1), { clock });
    await f.store.queues.pause('default', { actor: null, reason: null });
    away = true;
    await clock.advance(3000);
    await f.ended(await f.send(1));
    expect(runs).toBe(1);
    expect(f.log.entries.filter(({ level }) => level === 'warn')).toHaveLength(1);
    away = false;
    await until(clock, () => f.log.entries.some(({ message }) => message.includes('was paused')));
    await f.send(2);
    await clock.advance(2000);
    expect([runs, await f.ready()]).toEqual([1, 1]);
  });

  test('paused and resumed again and again loses and repeats nothing', async () => {
    await using f = await Fixture.open();
    const clock = new TestClock();
    const runs = new Map<unknown, number>();
    await f.worker(
      echo(),
      async (input) => {
        runs.set(value(input), (runs.get(value(input)) ?? 0) + 1);
        await new Promise((resolve) => setImmediate(resolve));
      },
      { clock, concurrency: 2 },
    );
    const ids: string[] = [];
    for (let round = 0; round < 6; round += 1) {
      for (let n = 0; n < 10; n += 1) ids.push(await f.send(round * 10 + n));
      if (round % 2 === 0) await f.store.queues.pause('default', { actor: null, reason: null });
      else await f.store.queues.resume('default');
      await clock.advance(1000);
    }
    await until(clock, () => runs.size === 60);
    for (const id of ids) expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS' });
    expect([...runs.values()].every((count) => count === 1)).toBe(true);
    await eventually(async () => (await f.ready()) === 0);
  });
});
