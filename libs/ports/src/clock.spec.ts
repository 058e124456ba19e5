import { jest } from '@jest/globals';
import { systemClock } from './clock.ts';

describe('systemClock', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('runs once after the delay', () => {
    const run = jest.fn();
    systemClock.after(1000, run);
    jest.advanceTimersByTime(999);
    expect(run).not.toHaveBeenCalled();
    jest.advanceTimersByTime(10_000);
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('waits longer than a timer of Node can: past 24.8 days those fire at once', () => {
    const run = jest.fn();
    const days = 86_400_000;
    systemClock.after(60 * days, run);
    jest.advanceTimersByTime(60 * days - 1);
    expect(run).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('can be cancelled, also in the middle of a long wait', () => {
    const run = jest.fn();
    const cancelTimers = [systemClock.after(1000, run), systemClock.after(2 ** 33, run)];
    jest.advanceTimersByTime(500);
    cancelTimers[0]!();
    jest.advanceTimersByTime(2 ** 32);
    cancelTimers[1]!();
    jest.advanceTimersByTime(2 ** 34);
    expect(run).not.toHaveBeenCalled();
    expect(jest.getTimerCount()).toBe(0);
  });
});
