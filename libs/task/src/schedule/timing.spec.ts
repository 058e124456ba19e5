import { Cron } from 'croner';
import fc from 'fast-check';
import { cronTiming, everyTiming, nextMoment, sameTiming, type Timing } from './timing.ts';

const zones = Intl.supportedValuesOf('timeZone');
const zone = fc.constantFrom(...zones);
/** Patterns of every shape that clock changes treat differently. */
const pattern = fc.constantFrom(
  ...['* * * * *', '*/7 * * * * *', '30 2 * * *', '15 30 2 * * *', '0 0 * * *', '59 23 * * *', '*/20 1-3 * * *'],
  ...['0 */6 * * *', '0,30 0-4 * * *', '30 2 L * *', '0 3 * * 1#1', '0 12 15W * *', '@hourly', '30 1 * 3,10,11 0'],
);
const FROM = Date.UTC(2015, 0, 1);
const time = fc.integer({ min: FROM, max: Date.UTC(2040, 0, 1) });

/** Times within a day of a change of the zone's clock, where there is one; else any. */
const nearChange = (timeZone: string, year: number, at: number): number => {
  const start = Date.UTC(year, 0, 1);
  const changes: number[] = [];
  const offset = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' });
  const of = (ms: number) => offset.formatToParts(ms).find((part) => part.type === 'timeZoneName')!.value;
  let last = of(start);
  for (let day = 1; day <= 366; day += 1) {
    const next = of(start + day * 86_400_000);
    if (next !== last) changes.push(start + (day - 1) * 86_400_000);
    last = next;
  }
  return changes.length === 0 ? start + at : changes[at % changes.length]! - 43_200_000 + (at % 129_600_000);
};

const sequence = (timing: Timing, after: number, count: number): number[] => {
  const moments: number[] = [];
  for (let at: number | undefined = after; moments.length < count;) {
    at = nextMoment(timing, at);
    if (at === undefined) break;
    moments.push(at);
  }
  return moments;
};

describe('moments of a cron pattern', () => {
  it('are croner’s own, none lost, none twice, in strict order; in any zone, near any change of its clock', () => {
    fc.assert(
      fc.property(
        zone,
        pattern,
        fc.integer({ min: 2015, max: 2030 }),
        fc.nat(500_000_000),
        (timeZone, cron, year, at) => {
          const after = nearChange(timeZone, year, at);
          const moments = sequence(cronTiming(cron, timeZone), after, 40);
          for (const [i, moment] of moments.entries()) expect(moment).toBeGreaterThan(moments[i - 1] ?? after);
          const own = new Cron(cron, { timezone: timeZone }).nextRuns(40, new Date(after));
          expect(moments).toEqual(own.map((date) => date.getTime()));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('do not depend on where the look began: beats that start at different times agree', () => {
    fc.assert(
      fc.property(
        ...([zone, pattern, fc.integer({ min: 2015, max: 2030 }), fc.nat(500_000_000), fc.nat(1000)] as const),
        (timeZone, cron, year, at, part) => {
          const timing = cronTiming(cron, timeZone);
          const after = nearChange(timeZone, year, at);
          const moments = sequence(timing, after, 30);
          const between = after + Math.floor(((moments.at(-1)! - after) * part) / 1001);
          const left = moments.filter((moment) => moment > between).slice(0, 5);
          expect(sequence(timing, between, left.length)).toEqual(left);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('in Stockholm, where the clock goes from 2 to 3 on 29 March 2026 and from 3 to 2 on 25 October', () => {
    const iso = (cron: string, after: string, count: number) =>
      sequence(cronTiming(cron, 'Europe/Stockholm'), Date.parse(after), count).map((at) => new Date(at).toISOString());
    expect(iso('30 2 * * *', '2026-03-28T12:00Z', 2)).toEqual(['2026-03-29T01:00:00.000Z', '2026-03-30T00:30:00.000Z']);
    expect(iso('30 2 * * *', '2026-10-24T12:00Z', 2)).toEqual(['2026-10-25T00:30:00.000Z', '2026-10-26T01:30:00.000Z']);
    expect(iso('30 * * * *', '2026-03-29T00:00Z', 2)).toEqual(['2026-03-29T00:30:00.000Z', '2026-03-29T01:30:00.000Z']);
    expect(iso('30 2,14 * * *', '2026-10-25T00:00Z', 3)).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-25T01:30:00.000Z',
      '2026-10-25T13:30:00.000Z',
    ]);
  });
});

describe('moments of an interval', () => {
  it('are the multiples since 1970, after the given time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 31_622_400 }), time, (seconds, after) => {
        const next = nextMoment(everyTiming(seconds), after)!;
        expect(next % (seconds * 1000)).toBe(0);
        expect(next).toBeGreaterThan(after);
        expect(next - seconds * 1000).toBeLessThanOrEqual(after);
      }),
    );
  });
});

test('sameTiming tells moments apart, not texts of durations', () => {
  expect(sameTiming(everyTiming('60s'), everyTiming('1m'))).toBe(true);
  expect(sameTiming(everyTiming('60s'), cronTiming('* * * * *'))).toBe(false);
  expect(sameTiming(cronTiming('* * * * *'), everyTiming('60s'))).toBe(false);
  expect(sameTiming(cronTiming('0 3 * * *'), cronTiming('0 3 * * *', 'Europe/Stockholm'))).toBe(false);
  expect(sameTiming(cronTiming('0 3 * * *'), cronTiming('0 3 * * *'))).toBe(true);
});
