import { TestClock } from '@lovage/testing';
import { LoginLimiter } from './login-limiter.ts';

function fixture() {
  const clock = new TestClock();
  const limiter = new LoginLimiter(clock);
  /** 0, or the seconds to wait. */
  const secondsOf = (attempt: () => void): number => {
    try {
      attempt();
      return 0;
    } catch (error) {
      expect(error).toMatchObject({ code: 'too_many_logins' });
      return Number((error as { headers: Record<string, string> }).headers['retry-after']);
    }
  };
  return {
    clock,
    attempt: (address: string, email: string) => secondsOf(() => limiter.attempt(address, email)),
    refresh: (address: string) => secondsOf(() => limiter.refresh(address)),
  };
}

test('ten a minute for an address and e-mail together', async () => {
  const { clock, attempt } = fixture();
  for (let n = 0; n < 10; n += 1) {
    expect(attempt('10.0.0.1', 'a@b.c')).toBe(0);
    await clock.advance(1000);
  }
  expect(attempt('10.0.0.1', 'a@b.c')).toBe(50);
  expect(attempt('10.0.0.2', 'a@b.c')).toBe(0);
  expect(attempt('10.0.0.1', 'b@b.c')).toBe(0);
  await clock.advance(49_999);
  expect(attempt('10.0.0.1', 'a@b.c')).toBe(1);
  await clock.advance(1);
  expect(attempt('10.0.0.1', 'a@b.c')).toBe(0);
  expect(attempt('10.0.0.1', 'a@b.c')).toBe(1);
});

test('refused attempts do not push the end of the minute away', async () => {
  const { clock, attempt } = fixture();
  for (let n = 0; n < 10; n += 1) attempt('a', 'b');
  for (let n = 0; n < 5; n += 1) {
    await clock.advance(10_000);
    expect(attempt('a', 'b')).toBeGreaterThan(0);
  }
  await clock.advance(10_000);
  expect(attempt('a', 'b')).toBe(0);
});

test('sixty a minute for an address, whatever the e-mails; all of a /64 are one', () => {
  const { attempt } = fixture();
  for (let n = 0; n < 60; n += 1) expect(attempt(`2001:db8::${n.toString(16)}`, `${n}@b.c`)).toBe(0);
  expect(attempt('2001:db8::ffff:1:2:3', 'other@b.c')).toBe(60);
  expect(attempt('2001:db8:0:1::1', 'other@b.c')).toBe(0);
});

test('a hundred a minute for an e-mail, from wherever', () => {
  const { attempt } = fixture();
  for (let n = 0; n < 100; n += 1) expect(attempt(`10.0.1.${n}`, 'ada@b.c')).toBe(0);
  expect(attempt('10.0.2.1', 'ada@b.c')).toBe(60);
  expect(attempt('10.0.2.1', 'bo@b.c')).toBe(0);
});

test('made-up e-mails of one address neither fill nor free anything', () => {
  const { attempt } = fixture();
  for (let n = 0; n < 10; n += 1) attempt('10.0.0.1', 'ada@b.c');
  for (let n = 0; n < 50_000; n += 1) attempt('10.0.0.2', `made-up-${n}@b.c`);
  expect(attempt('10.0.0.1', 'ada@b.c')).toBe(60);
  expect(attempt('10.0.0.3', 'cy@b.c')).toBe(0);
});

test('refreshes are counted for an address, apart from logins', async () => {
  const { clock, attempt, refresh } = fixture();
  for (let n = 0; n < 300; n += 1) expect(refresh('10.0.0.1')).toBe(0);
  expect(refresh('10.0.0.1')).toBe(60);
  expect(refresh('10.0.0.2')).toBe(0);
  expect(attempt('10.0.0.1', 'a@b.c')).toBe(0);
  await clock.advance(60_000);
  expect(refresh('10.0.0.1')).toBe(0);
});
