import { TERMINAL_STATES } from '@lovage/task';
import { z } from 'zod';
import { queryText, queryTime } from '../tasks/list.ts';

/** Points of one series, at most. */
export const MAX_STATS_POINTS = 1000;
/** What `by` may say. */
export const STATS_BY = ['none', 'state', 'contract', 'queue'] as const;
export type StatsBy = (typeof STATS_BY)[number];

const STEP = { error: 'must be a whole number of seconds, a multiple of 60, at most 2678400 (31 days)' };
const STATES = { error: `must be of ${TERMINAL_STATES.join(', ')}` };

/** Query of `GET /api/stats`; all that is given must hold. */
export const StatsQuery = z.strictObject({
  from: queryTime(
    'Ended at this time or later, rounded down to the minute; to the hour or the day (UTC) where counts of these are read. Left out: an hour before `to`',
  ),
  to: queryTime('Ended before this time, rounded up to whole steps from `from`. Left out: now'),
  step: z
    .string()
    .regex(/^\d{2,7}$/, STEP)
    .transform(Number)
    .refine((step) => step > 0 && step % 60 === 0 && step <= 2_678_400, STEP)
    .optional()
    .meta({
      description: `Seconds of one point, a multiple of 60; of times whose minutes are not kept any more, a multiple of 3600. At most ${MAX_STATS_POINTS} points. Left out: so that there are about a hundred`,
    }),
  by: z
    .enum(STATS_BY, { error: `must be of ${STATS_BY.join(', ')}` })
    .default('none')
    .meta({ description: 'A series for each state, contract or queue. Left out: `total` alone' }),
  contract: queryText(200).optional().meta({ description: 'Only this contract' }),
  queue: queryText(200).optional().meta({ description: 'Only this queue' }),
  state: z
    .union([z.string().max(200, { abort: true }), z.array(z.string().max(200)).max(10)])
    .transform((given) => [...new Set([given].flat().flatMap((part) => part.split(',')))])
    .pipe(z.array(z.enum(TERMINAL_STATES, STATES)).max(10))
    .optional()
    .meta({ description: 'Only these states, separated by commas or repeated' }),
});
export type StatsQuery = z.output<typeof StatsQuery>;

const points = (description: string) => z.array(z.number().nullable()).meta({ description });
const overall = () => z.number().nullable();

/** Times of tasks, each null where no task had one. */
const Times = z
  .object({
    mean: points('Of each point, ms'),
    p50: points('Of each point, ms: half of the tasks took no longer'),
    p95: points('Of each point, ms'),
    p99: points('Of each point, ms'),
    overall: z
      .object({ count: z.int().min(0), mean: overall(), p50: overall(), p95: overall(), p99: overall() })
      .meta({ description: 'Of all points together: how many tasks had such a time, and its figures, ms' }),
  })
  .meta({
    id: 'StatsTimes',
    description: 'Percentiles come from histograms: at most 10 % and 0.5 ms off',
  });
export type StatsTimes = z.output<typeof Times>;

/** One line of a chart. Point i begins at `from` + i × `step`. */
export const StatsSeries = z
  .object({
    key: z.string().nullable().meta({
      description: 'The state, contract or queue. null: of `total`, and of all the others beyond the largest',
    }),
    ended: points('Tasks that ended. null: not known, see countedFrom and countedTo'),
    failed: points('Of them those that ended FAILURE or DEAD'),
    overall: z.object({ ended: z.int().min(0), failed: z.int().min(0) }),
    run: Times.meta({ description: 'How long the last attempt ran; of SUCCESS and FAILURE' }),
    wait: Times.meta({
      description:
        'From when it could have started (made, or its eta; of a retry when it was due) to the start of the last attempt; of SUCCESS and FAILURE',
    }),
  })
  .meta({ id: 'StatsSeries' });
export type StatsSeries = z.output<typeof StatsSeries>;

const time = (description: string) => z.iso.datetime({ precision: 3 }).meta({ description });

/** Answer of `GET /api/stats`. */
export const StatsDocument = z
  .object({
    from: time('Where the first point begins'),
    to: time('Where the last point ends'),
    step: z.int().meta({ description: 'Seconds of one point' }),
    countedFrom: time('The first end that was counted or is still known: earlier points are null').nullable(),
    countedTo: time(
      'Ends before this time are counted; later points are null, and the one that it is in grows. It follows the clock by some seconds while a beat runs',
    ).nullable(),
    total: StatsSeries.meta({ description: 'All that was asked for, as one series' }),
    series: z.array(StatsSeries).meta({
      description: 'By `by`; those with most ends first, the others as one with `key: null`. None where nothing ended',
    }),
  })
  .meta({ id: 'Stats', description: 'What ended, over time. Points without any end are 0, their times null' });
export type StatsDocument = z.output<typeof StatsDocument>;
