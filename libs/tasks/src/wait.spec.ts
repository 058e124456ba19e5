import { TestClock } from '@lovage/testing';
import { wait } from './wait.ts';

describe('wait', () => {
  it('resolves when the time has passed, not before', async () => {
    const clock = new TestClock();
    let done = false;
    void wait(clock, 100, new AbortController().signal).then(() => (done = true));
    await clock.advance(99);
    expect(done).toBe(false);
    await clock.advance(1);
    expect(done).toBe(true);
  });

  it('rejects with the reason once aborted, and leaves no timer', async () => {
    const clock = new TestClock();
    const controller = new AbortController();
    const waiting = wait(clock, 100, controller.signal);
    controller.abort(new Error('revoked'));
    await expect(waiting).rejects.toThrow('revoked');
    expect(clock.pending).toBe(0);
  });

  it('does not begin when already aborted', async () => {
    const clock = new TestClock();
    await expect(wait(clock, 0, AbortSignal.abort(new Error('revoked')))).rejects.toThrow('revoked');
    expect(clock.pending).toBe(0);
  });

  it('may be aborted after it ended', async () => {
    const clock = new TestClock();
    const controller = new AbortController();
    const waiting = wait(clock, 1, controller.signal);
    await clock.advance(1);
    controller.abort(new Error('late'));
    await expect(waiting).resolves.toBeUndefined();
  });
});
