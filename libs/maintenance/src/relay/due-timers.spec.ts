import fc from 'fast-check';
import { systemClock, type Clock } from '@lovage/ports';
import { TestClock } from '@lovage/testing';
import { DueTimers } from './due-timers.ts';

describe('DueTimers', () => {
  test('calls each item at its millisecond: never before, never later than the next', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.double({ min: -5, max: 1000, noNaN: true }), { maxLength: 50 }), async (times) => {
        const clock = new TestClock();
        const called: { at: number; when: number }[] = [];
        const timers = new DueTimers<number>(clock, (items) => {
          for (const at of items) called.push({ at, when: clock.monotonic() });
        });
        for (const at of times) timers.add(at, at);
        await clock.advance(1001);
        expect(called.length).toBe(times.length);
        for (const { at, when } of called) {
          expect(when).toBeGreaterThanOrEqual(at);
          expect(when).toBeLessThanOrEqual(Math.max(0, Math.ceil(at)));
        }
        expect(clock.pending).toBe(0);
      }),
    );
  });

  test('with one timer for all that are due within a millisecond', () => {
    const clock = new TestClock();
    const timers = new DueTimers<number>(clock, () => undefined);
    for (let i = 0; i < 1000; i += 1) timers.add(i, 10 + (i % 4) / 4);
    expect(clock.pending).toBe(2);
    expect(timers.clear().length).toBe(1000);
    expect(clock.pending).toBe(0);
  });

  test('a timer that fires early does not make an item early', async () => {
    let now = 0;
    const clocked: { at: number; run: () => void }[] = [];
    const early: Clock = {
      now: () => now,
      monotonic: () => now,
      after: (delayMs, run) => {
        clocked.push({ at: now + delayMs, run });
        return () => undefined;
      },
    };
    const called: number[] = [];
    const timers = new DueTimers<string>(early, () => called.push(now));
    timers.add('x', 10);
    while (clocked.length > 0) {
      const { at, run } = clocked.shift()!;
      now = Math.max(now, at - 0.6);
      run();
    }
    expect(called.length).toBe(1);
    expect(called[0]).toBeGreaterThanOrEqual(10);
  });

  test('holds on the system’s clock too', async () => {
    const late: number[] = [];
    await new Promise<void>((resolve) => {
      const timers = new DueTimers<number>(systemClock, (items) => {
        for (const at of items) late.push(performance.now() - at);
        if (late.length === 40) resolve();
      });
      const now = performance.now();
      for (let i = 0; i < 40; i += 1) timers.add(now + i * 1.7, now + i * 1.7);
      // The timers's timers do not keep the process alive.
      setTimeout(() => undefined, 200);
    });
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
  });
});
