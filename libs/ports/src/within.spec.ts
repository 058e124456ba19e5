import { isDoneWithin, within } from './within.ts';
import type { Clock } from './clock.ts';

/** Time passes when the test says so. */
function handClock(): Pick<Clock, 'after'> & { readonly timers: Set<() => void>; pass(): void } {
  const timers = new Set<() => void>();
  return {
    timers,
    after: (_ms, run) => {
      timers.add(run);
      return () => timers.delete(run);
    },
    pass: () => timers.forEach((run) => run()),
  };
}
const late = (): Error => new Error('late');

test('what comes in time is given, what fails in time is thrown, and no timer stays', async () => {
  const clock = handClock();
  expect(await within(clock, 10, Promise.resolve(7), late)).toBe(7);
  await expect(within(clock, 10, Promise.reject(new Error('refused')), late)).rejects.toThrow('refused');
  expect(await isDoneWithin(clock, 10, Promise.resolve())).toBe(true);
  await expect(isDoneWithin(clock, 10, Promise.reject(new Error('refused')))).rejects.toThrow('refused');
  expect(clock.timers.size).toBe(0);
});

test('what takes longer is not waited for, and may fail later', async () => {
  const clock = handClock();
  let fail = (_error: Error): void => undefined;
  const slow = new Promise<never>((_, reject) => (fail = reject));
  const [asked, done] = [within(clock, 10, slow, late), isDoneWithin(clock, 10, slow)];
  clock.pass();
  await expect(asked).rejects.toThrow('late');
  expect(await done).toBe(false);
  expect(clock.timers.size).toBe(0);
  // A rejection that nobody handles would end this process.
  fail(new Error('much later'));
  await new Promise((resolve) => setImmediate(resolve));
});
