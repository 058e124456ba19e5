import { StoreUnavailableError } from '@lovage/ports';
import { silentLog, TcpProxy, TestClock } from '@lovage/testing';
import { openStore } from '../open-store.ts';
import { fixture } from '../testing/fixture.ts';

const options = { name: 'tries', windowMs: 60_000 };

test('counts within a window, for each key and name, seen by every process', async () => {
  await using f = await fixture();
  const other = openStore({ url: f.db.url, log: silentLog });
  const [here, there] = [f.store.rates.counter(options), other.rates.counter(options)];
  expect(await here.read('a')).toBeUndefined();
  await Promise.all([here.add('a', 2), there.add('a', 3), here.add('b', 1)]);
  const count = await there.add('a', 1);
  expect(count.count).toBe(6);
  expect(count.endsInMs).toBeGreaterThan(30_000);
  expect((await here.add('a', -2)).count).toBe(4);
  expect((await here.read('b'))?.count).toBe(1);
  expect(await f.store.rates.counter({ ...options, name: 'others' }).read('a')).toBeUndefined();
  await other.close();
});

test('a window that is over counts for nothing, and is deleted within a minute of further counts', async () => {
  await using f = await fixture();
  const clock = new TestClock();
  const store = openStore({ url: f.db.url, log: silentLog, clock });
  const counter = store.rates.counter(options);
  await counter.add('a', 5);
  await f.db.query('update rate_counters set expire = expire - 60000');
  expect(await counter.read('a')).toBeUndefined();
  await clock.advance(60_000);
  await counter.add('b', 1);
  await store.close();
  expect(await f.db.query('select points from rate_counters')).toEqual([{ points: 1 }]);
});

test('a window that is extended ends later', async () => {
  await using f = await fixture();
  const counter = f.store.rates.counter(options);
  await counter.extend('a', 1_000);
  expect(await counter.read('a')).toBeUndefined();
  await counter.add('a', 1);
  await Promise.all([counter.extend('a', 60_000), counter.extend('a', 30_000)]);
  expect((await counter.read('a'))?.endsInMs).toBeGreaterThan(120_000);
});

test('neither e-mails nor addresses are in the table, however long', async () => {
  await using f = await fixture();
  await f.store.rates.counter(options).add(`${'x'.repeat(10_000)}@example.org`, 1);
  const [row] = await f.db.query<{ key: string }>('select key from rate_counters');
  expect(row!.key).toMatch(/^tries:[\w-]{43}$/);
});

test.each(['refuse', 'blackhole'] as const)(
  'while Postgres is away (%s) a counter throws, or counts here if it may',
  async (how) => {
    await using f = await fixture();
    await using proxy = await TcpProxy.before(f.db.url);
    const store = openStore({ url: proxy.url, log: silentLog, connectTimeoutMs: 500 });
    const strict = store.rates.counter(options);
    const lenient = store.rates.counter({ ...options, name: 'lenient', countsHereMeanwhile: true });
    await lenient.add('a', 7);
    await proxy[how]();
    expect((await lenient.add('a', 1)).count).toBe(1);
    expect((await lenient.add('a', 1)).count).toBe(2);
    await lenient.extend('a', 60_000);
    expect((await lenient.read('a'))?.endsInMs).toBeGreaterThan(60_000);
    if (how === 'refuse') await expect(strict.add('a', 1)).rejects.toThrow(StoreUnavailableError);
    await proxy.heal();
    await store.close();
  },
);
