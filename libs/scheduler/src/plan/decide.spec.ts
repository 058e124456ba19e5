import fc from 'fast-check';
import { cronTiming, everyTiming, type CatchUp } from '@lovage/task';
import { decide, ON_TIME_MS } from './decide.ts';
import { momentsBetween, newestMoments, nextMoments } from './moments.ts';

const timing = fc.constantFrom(
  ...[everyTiming('1s'), everyTiming('7s'), everyTiming(1.5), everyTiming('1h')],
  ...[cronTiming('* * * * * *'), cronTiming('*/10 * * * *'), cronTiming('30 2 * * *', 'Europe/Stockholm')],
  ...[cronTiming('0 0 1 1 *'), cronTiming('*/5 30 2 * * *', 'America/Sao_Paulo')],
);
const catchUp: fc.Arbitrary<CatchUp> = fc.oneof(
  fc.constantFrom<CatchUp>('skip', 'latest'),
  fc.integer({ min: 1, max: 30 }).map((all) => ({ all })),
);
const time = fc.integer({ min: Date.UTC(2026, 2, 28), max: Date.UTC(2026, 2, 30) });
const outage = fc.oneof(fc.nat(30_000), fc.nat(600_000));

test('what fires is what the policy says of the moments since, by the plain reading of it', () => {
  fc.assert(
    fc.property(timing, catchUp, time, outage, (timing, catchUp, since, length) => {
      const now = since + length;
      const passed = momentsBetween(timing, since, now + 1);
      const late = passed.filter((moment) => now - moment > ON_TIME_MS);
      const onTime = passed.filter((moment) => now - moment <= ON_TIME_MS);
      const caughtUp =
        catchUp === 'skip'
          ? []
          : catchUp === 'latest'
            ? onTime.length > 0
              ? []
              : late.slice(-1)
            : late.slice(-catchUp.all);
      const decision = decide(timing, catchUp, since, now);
      if (passed.length === 0) return expect(decision).toBeUndefined();
      expect(decision).toMatchObject({ fire: [...caughtUp, ...onTime], missed: late.length > 0 });
      // All that passed is decided by it, and nothing that has not.
      expect(decision!.decidedUntil).toBeGreaterThanOrEqual(passed.at(-1)!);
      expect(decision!.decidedUntil).toBeLessThanOrEqual(now);
      expect(decide(timing, catchUp, decision!.decidedUntil, now)).toBeUndefined();
    }),
    { numRuns: 150 },
  );
});

test('after years without a beat it reads no more than it needs', () => {
  const seconds = cronTiming('* * * * * *', 'Europe/Stockholm');
  const [since, now] = [Date.UTC(2016, 0, 1), Date.UTC(2026, 0, 1)];
  const started = performance.now();
  expect(decide(seconds, 'skip', since, now)!.fire).toHaveLength(11);
  expect(decide(seconds, 'latest', since, now)!.fire).toHaveLength(11);
  expect(decide(seconds, { all: 20 }, since, now)!.fire).toHaveLength(31);
  expect(decide(cronTiming('0 0 29 2 *'), 'latest', since, now)!.fire).toEqual([Date.UTC(2024, 1, 29)]);
  // 300 million moments passed: reading them would take hours.
  expect(performance.now() - started).toBeLessThan(5000);
});

test('newestMoments finds the last ones, wherever they lie', () => {
  fc.assert(
    fc.property(timing, time, outage, fc.nat(12), (timing, after, length, count) => {
      const before = after + length;
      const expected = count === 0 ? [] : momentsBetween(timing, after, before).slice(-count);
      expect(newestMoments(timing, after, before, count)).toEqual(expected);
    }),
    { numRuns: 150 },
  );
});

test('nextMoments looks ahead', () => {
  expect(nextMoments(everyTiming('1h'), 1, 2)).toEqual([3_600_000, 7_200_000]);
  expect(nextMoments(cronTiming('0 0 29 2 *'), Date.UTC(2026, 0, 1), 2)).toEqual([
    Date.UTC(2028, 1, 29),
    Date.UTC(2032, 1, 29),
  ]);
});
