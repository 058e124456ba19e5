import { openStore } from '@lovage/store-postgres';
import { silentLog, TestClock, testDatabase, type TestDatabase } from '@lovage/testing';
import { passWindows } from '../testing/rate-windows.ts';
import { TestGateway } from '../testing/test-gateway.ts';
import { LoginLimiter } from './login-limiter.ts';

let db: TestDatabase;
beforeAll(async () => void (db = await testDatabase()));
afterAll(() => db.drop());

/** Limiters of as many gateways, with nothing counted. */
async function fixture(gateways = 1) {
  await db.query('truncate rate_counters');
  const clock = new TestClock();
  const stores = Array.from({ length: gateways }, () => openStore({ url: db.url, log: silentLog }));
  const limiters = stores.map(({ rates }) => new LoginLimiter(rates, clock));
  /** 0, or the seconds to wait. */
  const secondsOf = async (attempt: Promise<void>): Promise<number> => {
    try {
      await attempt;
      return 0;
    } catch (error) {
      expect(error).toMatchObject({ code: 'too_many_logins' });
      return Number((error as { headers: Record<string, string> }).headers['retry-after']);
    }
  };
  return {
    pass: (ms: number) => passWindows(db, clock, ms),
    attempt: (address: string, email: string, at = 0) => secondsOf(limiters[at]!.attempt(address, email)),
    refresh: (address: string, at = 0) => secondsOf(limiters[at]!.refresh(address)),
    counted: async () => (await db.query<{ n: number }>('select count(*)::int as n from rate_counters'))[0]!.n,
    [Symbol.asyncDispose]: async () => void (await Promise.all(stores.map((store) => store.close()))),
  };
}

test('ten a minute for an address and e-mail together, from the first of them', async () => {
  await using f = await fixture();
  for (let n = 0; n < 10; n += 1) {
    expect(await f.attempt('10.0.0.1', 'a@b.c')).toBe(0);
    await f.pass(1_000);
  }
  const wait = await f.attempt('10.0.0.1', 'a@b.c');
  expect(wait).toBeGreaterThan(40);
  expect(wait).toBeLessThanOrEqual(50);
  expect(await f.attempt('10.0.0.2', 'a@b.c')).toBe(0);
  expect(await f.attempt('10.0.0.1', 'b@b.c')).toBe(0);
  await f.pass(50_000);
  expect(await f.attempt('10.0.0.1', 'a@b.c')).toBe(0);
});

test('refused attempts neither count nor push the end of the minute away', async () => {
  await using f = await fixture();
  for (let n = 0; n < 10; n += 1) await f.attempt('10.0.0.1', 'a@b.c');
  for (let n = 0; n < 50; n += 1) {
    await f.pass(1_000);
    expect(await f.attempt('10.0.0.1', 'a@b.c')).toBeGreaterThan(0);
  }
  // Of the address only ten are counted.
  for (let n = 0; n < 50; n += 1) expect(await f.attempt('10.0.0.1', `${n}@b.c`)).toBe(0);
  await f.pass(10_000);
  expect(await f.attempt('10.0.0.1', 'a@b.c')).toBe(0);
});

test('sixty a minute for an address, whatever the e-mails; all of a /64 are one', async () => {
  await using f = await fixture();
  for (let n = 0; n < 60; n += 1) expect(await f.attempt(`2001:db8::${n.toString(16)}`, `${n}@b.c`)).toBe(0);
  expect(await f.attempt('2001:db8::ffff:1:2:3', 'other@b.c')).toBeGreaterThan(30);
  expect(await f.attempt('2001:db8:0:1::1', 'other@b.c')).toBe(0);
});

test('a hundred a minute for an e-mail, from wherever', async () => {
  await using f = await fixture();
  for (let n = 0; n < 100; n += 1) expect(await f.attempt(`10.0.1.${n}`, 'ada@b.c')).toBe(0);
  expect(await f.attempt('10.0.2.1', 'ada@b.c')).toBeGreaterThan(30);
  expect(await f.attempt('10.0.2.1', 'bo@b.c')).toBe(0);
});

test('made-up e-mails of one address neither fill nor free anything', async () => {
  await using f = await fixture();
  for (let n = 0; n < 10; n += 1) await f.attempt('10.0.0.1', 'ada@b.c');
  for (let n = 0; n < 5_000; n += 1) await f.attempt('10.0.0.2', `made-up-${n}@b.c`);
  expect(await f.attempt('10.0.0.1', 'ada@b.c')).toBeGreaterThan(30);
  expect(await f.attempt('10.0.0.3', 'cy@b.c')).toBe(0);
  // Three of Ada, sixty times two and one of the flood, three of Cy.
  expect(await f.counted()).toBe(127);
});

test('refreshes are counted for an address, apart from logins', async () => {
  await using f = await fixture();
  for (let n = 0; n < 300; n += 1) expect(await f.refresh('10.0.0.1')).toBe(0);
  expect(await f.refresh('10.0.0.1')).toBeGreaterThan(30);
  expect(await f.refresh('10.0.0.2')).toBe(0);
  expect(await f.attempt('10.0.0.1', 'a@b.c')).toBe(0);
  await f.pass(60_000);
  expect(await f.refresh('10.0.0.1')).toBe(0);
});

test('two gateways count together, and what comes to both at once', async () => {
  await using f = await fixture(2);
  const answers = await Promise.all(Array.from({ length: 24 }, (_, n) => f.attempt('10.0.0.1', 'a@b.c', n % 2)));
  expect(answers.filter((seconds) => seconds === 0)).toHaveLength(10);
  for (let n = 0; n < 300; n += 1) expect(await f.refresh('10.0.0.1', n % 2)).toBe(0);
  expect([await f.refresh('10.0.0.1', 0), await f.refresh('10.0.0.1', 1)]).not.toContain(0);
});

test('over REST: ten logins at two gateways, and no more', async () => {
  await using one = await TestGateway.start();
  await using two = await TestGateway.start({ beside: one });
  const login = (at: TestGateway) =>
    at.ask('/api/auth/login', { as: null, body: { email: 'no@body.com', password: 'not this one' } });
  for (let n = 0; n < 10; n += 1) expect((await login(n % 2 ? one : two)).status).toBe(401);
  for (const at of [one, two]) expect((await login(at)).problem().code).toBe('too_many_logins');
});
