import { TestClock } from './test-clock.ts';

test('stands still until it is moved, and runs timers in the order of their times', async () => {
  const clock = new TestClock(1000);
  const ran: string[] = [];
  clock.after(20, () => ran.push(`late ${clock.monotonic()}`));
  clock.after(10, () => {
    ran.push(`early ${clock.now()}`);
    clock.after(5, () => ran.push(`nested ${clock.monotonic()}`));
  });
  const cancelTimer = clock.after(12, () => ran.push('never'));
  cancelTimer();
  await clock.advance(9);
  expect(ran).toEqual([]);
  await clock.advance(11);
  expect(ran).toEqual(['early 1010', 'nested 15', 'late 20']);
  expect(clock.pending).toBe(0);
});

test('what a timer starts has run before the next timer', async () => {
  const clock = new TestClock();
  const ran: number[] = [];
  clock.after(1, () => void Promise.resolve().then(() => Promise.resolve().then(() => ran.push(1))));
  clock.after(2, () => void ran.push(2));
  await clock.advance(2);
  expect(ran).toEqual([1, 2]);
});
