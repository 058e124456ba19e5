import { TestClock } from '@lovage/testing';
import { LoginLimiter } from './login-limiter.ts';

test('ten a minute for an address and e-mail together', async () => {
  const clock = new TestClock();
  const limiter = new LoginLimiter(clock);
  for (let n = 0; n < 10; n += 1) {
    expect(limiter.attempt('10.0.0.1', 'a@b.c')).toBe(0);
    await clock.advance(1000);
  }
  expect(limiter.attempt('10.0.0.1', 'a@b.c')).toBe(50);
  expect(limiter.attempt('10.0.0.2', 'a@b.c')).toBe(0);
  expect(limiter.attempt('10.0.0.1', 'b@b.c')).toBe(0);
  await clock.advance(49_999);
  expect(limiter.attempt('10.0.0.1', 'a@b.c')).toBe(1);
  await clock.advance(1);
  expect(limiter.attempt('10.0.0.1', 'a@b.c')).toBe(0);
  expect(limiter.attempt('10.0.0.1', 'a@b.c')).toBe(1);
});

test('refused attempts do not push the end of the minute away', async () => {
  const clock = new TestClock();
  const limiter = new LoginLimiter(clock);
  for (let n = 0; n < 10; n += 1) limiter.attempt('a', 'b');
  for (let n = 0; n < 5; n += 1) {
    await clock.advance(10_000);
    expect(limiter.attempt('a', 'b')).toBeGreaterThan(0);
  }
  await clock.advance(10_000);
  expect(limiter.attempt('a', 'b')).toBe(0);
});
