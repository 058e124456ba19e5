import { deferred } from '@lovage/foundation';
import { Ticker } from '@lovage/ports';
import { RecordingLog, silentLog, TestClock } from '@lovage/testing';
import { rest } from './testing/fakes.ts';

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
      log: silentLog,
      failure: 'failed',
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
    const ticker = new Ticker({ everyMs: 200, clock, run, log: silentLog, failure: 'failed' });
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
    const ticker = new Ticker({ everyMs: 1000, clock, run, log: silentLog, failure: 'failed' });
    ticker.start();
    await rest(clock);
    expect(left).toBe(0);
    await ticker.stop();
  });

  test('a failure is told, and runs go on with growing waits until one succeeds', async () => {
    const clock = new TestClock();
    const log = new RecordingLog();
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
      log,
      failure: 'it failed',
    });
    ticker.start();
    await rest(clock);
    await clock.advance(30_000);
    const levels = log.entries.map(({ level }) => level);
    expect(levels.length).toBeGreaterThan(5);
    expect(levels).toEqual(['warn', ...Array(levels.length - 1).fill('debug')]);
    expect(log.entries[0]).toMatchObject({ message: 'it failed', fields: { err: { message: 'broken' } } });
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
      log: silentLog,
      failure: 'failed',
    });
    ticker.start();
    let stopped = false;
    const stopping = ticker.stop().then(() => (stopped = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(stopped).toBe(false);
    gate.resolve(true);
    await stopping;
  });

  test('the first run may wait, unless it is stopped or poked before', async () => {
    const clock = new TestClock();
    const runs: number[] = [];
    const run = () => Promise.resolve(void runs.push(clock.monotonic()));
    const options = { ...{ everyMs: 100, firstAfterMs: 70, clock, run }, ...{ log: silentLog, failure: 'failed' } };
    const ticker = new Ticker(options);
    await ticker.start();
    await clock.advance(170);
    expect(runs).toEqual([70, 170]);
    await ticker.stop();
    const stopped = new Ticker(options);
    await stopped.start();
    await stopped.stop();
    expect(clock.pending).toBe(0);
    const poked = new Ticker(options);
    await poked.start();
    poked.poke();
    expect(runs).toEqual([70, 170, 170]);
    await poked.stop();
  });

  test('a run may say when the next one comes', async () => {
    const clock = new TestClock();
    const runs: number[] = [];
    const run = async () => runs.push(clock.monotonic()) * 100;
    const ticker = new Ticker({ everyMs: 1, clock, run, log: silentLog, failure: 'failed' });
    ticker.poke();
    expect(runs).toEqual([]);
    await ticker.start();
    await rest(clock);
    await clock.advance(600);
    expect(runs).toEqual([0, 100, 300, 600]);
    await ticker.stop();
  });
});
