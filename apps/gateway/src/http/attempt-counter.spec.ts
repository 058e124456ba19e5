import { TestClock } from '@lovage/testing';
import { AttemptCounter } from './attempt-counter.ts';

const options = { max: 3, windowMs: 60_000, maxKeys: 100 };

test('so many within a window, each key for itself', async () => {
  const clock = new TestClock();
  const counter = new AttemptCounter(options, clock);
  for (let n = 0; n < 3; n += 1) {
    expect(counter.waitMs('a')).toBe(0);
    counter.note('a');
    await clock.advance(1_000);
  }
  expect(counter.waitMs('a')).toBe(57_000);
  expect(counter.waitMs('b')).toBe(0);
  await clock.advance(57_000);
  expect(counter.waitMs('a')).toBe(0);
});

test('a flood of made-up keys pushes nobody out, and is counted itself', async () => {
  const clock = new TestClock();
  const counter = new AttemptCounter(options, clock);
  for (let n = 0; n < 3; n += 1) counter.note('known');
  for (let n = 0; n < 100_000; n += 1) counter.note(`made up ${n}`);
  expect(counter.waitMs('known')).toBe(60_000);
  const taken = Array.from({ length: 1_000 }, (_, n) => counter.waitMs(`other ${n}`)).filter((wait) => wait === 0);
  expect(taken).toEqual([]);
  // The flood is over: all are counted one by one again.
  await clock.advance(60_000);
  expect(counter.waitMs('known')).toBe(0);
  for (let n = 0; n < 50; n += 1) {
    expect(counter.waitMs(`honest ${n}`)).toBe(0);
    counter.note(`honest ${n}`);
  }
});
