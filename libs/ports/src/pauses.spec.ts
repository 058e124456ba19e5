import { Pauses } from './pauses.ts';
import type { Clock } from './clock.ts';

const WAITS = { kind: 'exponential', delayMs: 100, maxDelayMs: 200, jitter: false } as const;

/** Its timers fire when the test says so. */
class HandClock implements Pick<Clock, 'after'> {
  readonly timers = new Map<() => void, number>();

  after(delayMs: number, run: () => void): () => void {
    this.timers.set(run, delayMs);
    return () => this.timers.delete(run);
  }

  /** Fires what waits; resolves to how long each was to wait. */
  async fire(): Promise<number[]> {
    const due = [...this.timers];
    this.timers.clear();
    for (const [run] of due) run();
    await new Promise((resolve) => setImmediate(resolve));
    return due.map(([, delayMs]) => delayMs);
  }
}

test('a wait ends after its time, or with all others at the end', async () => {
  const clock = new HandClock();
  const pauses = new Pauses(clock);
  const first = pauses.wait(50);
  expect(await clock.fire()).toEqual([50]);
  await first;
  const second = pauses.wait(1e9);
  pauses.end();
  await second;
  expect(clock.timers.size).toBe(0);
  await pauses.wait(1e9);
  expect(pauses.over).toBe(true);
});

test('a wake ends the waits under way, and no later one', async () => {
  const clock = new HandClock();
  const pauses = new Pauses(clock);
  const waits = [pauses.wait(1e9), pauses.wait(1e9)];
  pauses.wake();
  await Promise.all(waits);
  expect(clock.timers.size).toBe(0);
  void pauses.wait(50);
  expect(await clock.fire()).toEqual([50]);
});

test('tries go on with growing waits until one succeeds', async () => {
  const clock = new HandClock();
  const failures: number[] = [];
  let tries = 0;
  const done = new Pauses(clock).retry(
    () => (++tries === 5 ? Promise.resolve('done') : Promise.reject(new Error('away'))),
    { waits: WAITS, onFailure: (_, n) => void failures.push(n) },
  );
  await new Promise((resolve) => setImmediate(resolve));
  const waits = [];
  while (clock.timers.size > 0) waits.push(...(await clock.fire()));
  expect(await done).toBe('done');
  expect(waits).toEqual([100, 200, 200, 200]);
  expect(failures).toEqual([1, 2, 3, 4]);
});

test('an error that is final ends the tries', async () => {
  const rule = { waits: WAITS, isFinal: (error: unknown) => (error as Error).message === 'refused' };
  await expect(new Pauses(new HandClock()).retry(() => Promise.reject(new Error('refused')), rule)).rejects.toThrow(
    'refused',
  );
});

test('the end leaves one more try', async () => {
  const clock = new HandClock();
  const pauses = new Pauses(clock);
  let tries = 0;
  const trying = pauses.retry(() => Promise.reject(new Error(`try ${++tries}`)), { waits: WAITS });
  await new Promise((resolve) => setImmediate(resolve));
  pauses.end();
  await expect(trying).rejects.toThrow('try 2');
});
