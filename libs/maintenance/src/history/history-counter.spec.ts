import { StoreUnavailableError, type CountedEnds, type HistoryStore } from '@lovage/ports';
import { RecordingLog, TestClock } from '@lovage/testing';
import { rest } from '../testing/fakes.ts';
import { HistoryCounter } from './history-counter.ts';

const KEPT = { minutesMs: 1, hoursMs: 2 };

test('counts each five seconds, all that there is, and prunes now and then', async () => {
  const clock = new TestClock();
  const log = new RecordingLog();
  const batches: CountedEnds[] = Array.from({ length: 21 }, (_, i) => ({ tasks: 5000, more: i < 20 }));
  const prunes = [true, false];
  const done = { counts: 0, prunes: 0 };
  const history: HistoryStore = {
    count: async () => {
      done.counts += 1;
      return batches.shift() ?? { tasks: 0, more: false };
    },
    prune: async (kept) => {
      expect(kept).toEqual(KEPT);
      done.prunes += 1;
      return prunes.shift() ?? false;
    },
  };
  const counter = new HistoryCounter({ history, kept: KEPT, log, clock });
  await counter.start();
  await rest(clock);
  // 21 batches, and once more as there was more to prune.
  expect(done).toEqual({ counts: 22, prunes: 2 });
  expect(log.entries).toMatchObject([{ level: 'info', fields: { tasks: 105_000 } }]);
  await clock.advance(10_000);
  expect(done).toEqual({ counts: 24, prunes: 2 });
  await clock.advance(10 * 60_000);
  expect(done.prunes).toBe(3);
  await counter.stop();
});

test('batches that take long are made smaller, and larger again', async () => {
  const clock = new TestClock();
  const limits: number[] = [];
  const tooks = [600, 300, 600, 600, 300, 40, 40];
  const history: HistoryStore = {
    count: async (limit) => {
      limits.push(limit);
      const took = tooks.shift();
      if (took !== undefined) await clock.advance(took);
      return { tasks: limit, more: took !== undefined };
    },
    prune: async () => false,
  };
  const counter = new HistoryCounter({ history, kept: KEPT, log: new RecordingLog(), clock });
  while (await counter.runOnce());
  expect(limits).toEqual([5000, 1000, 1000, 200, 200, 200, 1000, 5000]);
});

test('goes on while Postgres is away, and says so once', async () => {
  const clock = new TestClock();
  const log = new RecordingLog();
  let away = true;
  let good = 0;
  const count = async (): Promise<CountedEnds> => {
    if (away) throw new StoreUnavailableError('away');
    good += 1;
    return { tasks: 0, more: false };
  };
  const counter = new HistoryCounter({ history: { count, prune: async () => false }, kept: KEPT, log, clock });
  await counter.start();
  await rest(clock);
  await clock.advance(20_000);
  expect(log.entries.filter(({ level }) => level === 'warn').length).toBe(1);
  away = false;
  await clock.advance(6000);
  expect(good).toBeGreaterThan(0);
  await counter.stop();
});
