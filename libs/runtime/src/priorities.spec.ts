import { deferred } from '@lovage/foundation';
import { eventually } from '@lovage/testing';
import { echo, Fixture } from './testing/fixture.ts';

const value = (input: unknown) => (input as { value: string }).value;

/** A worker of one slot, whose first task runs until the gate opens; what ran, in order. */
async function withOneSlot(f: Fixture, prefetchMultiplier: number) {
  const gate = deferred();
  const order: string[] = [];
  await f.worker(
    echo(),
    async (input) => {
      order.push(value(input));
      if (value(input) === 'first') await gate.promise;
    },
    { concurrency: 1, prefetchMultiplier },
  );
  await f.send('first');
  await eventually(() => order.length === 1);
  return { order, open: () => gate.resolve() };
}

const send = (f: Fixture, name: string, priority?: number) => f.send(name, {}, 'default', priority);

test('what is urgent and came last runs next, past a backlog that fills the prefetch', async () => {
  await using f = await Fixture.open();
  const { order, open } = await withOneSlot(f, 4);
  for (let n = 0; n < 20; n += 1) await send(f, 'low', 1);
  await eventually(async () => (await f.ready()) === 16);
  await send(f, 'ordinary');
  await send(f, 'high', 9);
  await eventually(async () => (await f.ready()) === 16);
  open();
  await eventually(() => order.length === 23);
  expect(order.slice(0, 4)).toEqual(['first', 'high', 'ordinary', 'low']);
});

test('among what the worker holds the number decides', async () => {
  await using f = await Fixture.open();
  const { order, open } = await withOneSlot(f, 20);
  const given = [3, 7, undefined, 0, 9, 5, 8, 1, 6, 2];
  for (const priority of given) await send(f, String(priority), priority);
  await eventually(async () => (await f.ready()) === 0);
  open();
  await eventually(() => order.length === 11);
  expect(order).toEqual(['first', '9', '8', '7', '6', '5', 'undefined', '3', '2', '1', '0']);
});

test('what is low still runs while what is high comes without end', async () => {
  await using f = await Fixture.open();
  const order: string[] = [];
  let feed: Promise<unknown> = Promise.resolve();
  await f.worker(
    echo(),
    async (input) => {
      order.push(value(input));
      // One runs, another is there: there is always something high to run.
      if (value(input) === 'high') await (feed = send(f, 'high', 9));
    },
    { concurrency: 1, prefetchMultiplier: 4 },
  );
  for (let n = 0; n < 4; n += 1) await send(f, 'high', 9);
  for (let n = 0; n < 3; n += 1) await send(f, 'low', 0);
  await eventually(() => order.filter((name) => name === 'low').length === 3);
  await feed;
  expect(order.filter((name) => name === 'high').length).toBeGreaterThan(20);
});

test('a retry keeps the priority', async () => {
  await using f = await Fixture.open();
  f.relay();
  const order: string[] = [];
  const [fail, goOn] = [deferred(), deferred()];
  await f.worker(
    echo({ retry: { maxAttempts: 2, delay: 0, jitter: false } }),
    async (input) => {
      order.push(value(input));
      if (order.length === 2) await goOn.promise;
      if (order.length > 1) return;
      await fail.promise;
      throw new Error('once');
    },
    { concurrency: 1, prefetchMultiplier: 4 },
  );
  const urgent = await send(f, 'urgent', 9);
  await eventually(() => order.length === 1);
  for (let n = 0; n < 10; n += 1) await send(f, 'low', 1);
  // In the worker's hands before the slot is free, or the retry may be there first.
  await eventually(async () => (await f.ready()) === 6);
  fail.resolve();
  await eventually(() => order.length === 2);
  // Recorded, which may be after the next one has begun; sent again, and in the worker's hands: only low ones are left at the broker.
  await eventually(async () => (await f.store.tasks.get(urgent))?.retries === 1);
  await eventually(async () => (await f.db.query('select 1 from outbox')).length === 0 && (await f.ready()) === 6);
  goOn.resolve();
  await f.ended(urgent);
  expect(order.slice(0, 3)).toEqual(['urgent', 'low', 'urgent']);
  expect(await f.store.tasks.get(urgent)).toMatchObject({ state: 'SUCCESS', retries: 1, priority: 9 });
});

test('a task whose row the claim makes has the priority of its message; a Celery producer’s 0 is none', async () => {
  await using f = await Fixture.open();
  await f.worker(echo(), () => Promise.resolve(null));
  const foreign = { generation: undefined } as const;
  for (const [overrides, priority, kept] of [
    [{}, 9, 9],
    [{}, 0, 0],
    [{}, undefined, null],
    [foreign, 0, null],
    [foreign, 5, 5],
    [foreign, 200, 200],
  ] as const)
    expect(await f.ended(await f.send('x', overrides, 'default', priority))).toMatchObject({ priority: kept });
});
