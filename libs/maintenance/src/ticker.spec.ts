import { deferred } from '@lovage/foundation';
import { TestClock } from '@lovage/testing';
import { rest } from './testing/fakes.ts';
import { Ticker } from './ticker.ts';

describe('Ticker', () => {
  test('runs at once, then each time so long after the last run has ended', async () => {
    const clock = new TestClock();
    const runs: number[] = [];
    const ticker = new Ticker({
      everyMs: 200,
      clock,
      run: async () => {
        runs.push(clock.monotonic());
        return false;
      },
      onFailure: () => undefined,
    });
    ticker.start();
    await rest(clock);
    await clock.advance(1000);
    expect(runs).toEqual([0, 200, 400, 600, 800, 1000]);
    await ticker.stop();
    await clock.advance(1000);
    expect(runs.length).toBe(6);
    expect(clock.pending).toBe(0);
    ticker.poke();
    expect(runs.length).toBe(6);
  });

  test('never twice at once; a poke meanwhile makes one more run', async () => {
    const clock = new TestClock();
    let gate = deferred<boolean>();
    let runs = 0;
    const run = () => {
      runs += 1;
      return gate.promise;
    };
    const ticker = new Ticker({ everyMs: 200, clock, run, onFailure: () => undefined });
    ticker.start();
    for (let i = 0; i < 5; i += 1) ticker.poke();
    await clock.advance(10_000);
    expect(runs).toBe(1);
    const first = gate;
    gate = deferred();
    first.resolve(false);
    await rest(clock);
    expect(runs).toBe(2);
    gate.resolve(false);
    await clock.advance(199);
    expect(runs).toBe(2);
    ticker.poke();
    expect(runs).toBe(3);
    await ticker.stop();
  });

  test('runs again at once while there is more to do', async () => {
    const clock = new TestClock();
    let left = 3;
    const run = async () => (left -= 1) > 0;
    const ticker = new Ticker({ everyMs: 1000, clock, run, onFailure: () => undefined });
    ticker.start();
    await rest(clock);
    expect(left).toBe(0);
    await ticker.stop();
  });

  test('a failure is told, and runs go on with growing waits until one succeeds', async () => {
    const clock = new TestClock();
    const failures: number[] = [];
    let broken = true;
    const runs: number[] = [];
    const ticker = new Ticker({
      everyMs: 200,
      clock,
      run: async () => {
        runs.push(clock.monotonic());
        if (broken) throw new Error('broken');
        return false;
      },
      onFailure: (_error, count) => failures.push(count),
    });
    ticker.start();
    await rest(clock);
    await clock.advance(30_000);
    expect(failures.length).toBeGreaterThan(5);
    expect(failures).toEqual(failures.map((_, i) => i + 1));
    broken = false;
    const before = runs.length;
    await clock.advance(5000);
    expect(runs.length).toBeGreaterThan(before + 1);
    expect(runs.at(-1)! - runs.at(-2)!).toBe(200);
    await ticker.stop();
  });

  test('stop waits for the run under way', async () => {
    const gate = deferred<boolean>();
    const ticker = new Ticker({
      everyMs: 1,
      clock: new TestClock(),
      run: () => gate.promise,
      onFailure: () => undefined,
    });
    ticker.start();
    let stopped = false;
    const stopping = ticker.stop().then(() => (stopped = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(stopped).toBe(false);
    gate.resolve(true);
    await stopping;
  });
});
