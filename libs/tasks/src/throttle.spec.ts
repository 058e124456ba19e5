import { TestClock } from '@lovage/testing';
import { Throttle } from './throttle.ts';

it('passes the first at once, then one an interval, and never loses the last', async () => {
  const clock = new TestClock();
  const passed: number[] = [];
  const throttle = new Throttle<number>(clock, 250, (value) => passed.push(value));
  throttle.push(1);
  throttle.push(2);
  throttle.push(3);
  expect(passed).toEqual([1]);
  await clock.advance(249);
  expect(passed).toEqual([1]);
  await clock.advance(1);
  expect(passed).toEqual([1, 3]);
  throttle.push(4);
  throttle.flush();
  expect(passed).toEqual([1, 3, 4]);
  await clock.advance(1000);
  throttle.push(5);
  expect(passed).toEqual([1, 3, 4, 5]);
  throttle.push(6);
  throttle.close();
  await clock.advance(1000);
  expect(passed).toEqual([1, 3, 4, 5]);
  expect(clock.pending).toBe(0);
});
