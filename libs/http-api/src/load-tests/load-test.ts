import { z } from 'zod';
import { lineText, ReasonText } from '../texts.ts';

/** Bounds of a load test. */
export const LOAD_TEST_MAX = { total: 1_000_000, seconds: 600, rate: 10_000 } as const;

/** A test is `running` while it submits, `draining` while it waits for the last results. */
export const LOAD_TEST_STATES = ['running', 'draining', 'done', 'stopped', 'failed'] as const;
export type LoadTestState = (typeof LOAD_TEST_STATES)[number];

/** Body of `POST /api/load-tests`. */
export const LoadTestBody = z
  .strictObject({
    contract: lineText(200).meta({ description: 'Name of the contract' }),
    input: z.unknown().meta({ description: 'Of every task; checked by the contract first' }),
    total: z.int().min(1).max(LOAD_TEST_MAX.total).default(1_000).meta({ description: 'Tasks to submit at most' }),
    seconds: z.int().min(1).max(LOAD_TEST_MAX.seconds).default(30).meta({ description: 'How long it submits at most' }),
    rate: z
      .number()
      .min(0.1)
      .max(LOAD_TEST_MAX.rate)
      .optional()
      .meta({ description: `Tasks a second. Left out: as fast as it goes, ${LOAD_TEST_MAX.rate} at most` }),
    rampSeconds: z
      .int()
      .min(0)
      .max(LOAD_TEST_MAX.seconds)
      .default(0)
      .meta({ description: 'The rate rises from nothing within this time' }),
    reason: ReasonText.optional().meta({ description: 'Why; in the audit log' }),
  })
  .meta({ id: 'NewLoadTest' });
export type LoadTestBody = z.output<typeof LoadTestBody>;

const time = z.iso.datetime({ precision: 3 });
const count = (description: string) => z.int().min(0).meta({ description });

/** Percentiles of a duration, ms. */
export const LatencyDocument = z
  .object({ p50: z.number(), p90: z.number(), p95: z.number(), p99: z.number(), max: z.number() })
  .meta({ id: 'Latency', description: 'Milliseconds' });
export type LatencyDocument = z.output<typeof LatencyDocument>;

/** One second of a load test. */
export const LoadTestPoint = z
  .object({
    second: z.int().min(0).meta({ description: 'From the start' }),
    submitted: count('Accepted within this second'),
    ended: count('Results seen within this second'),
    p95: z.number().nullable().meta({ description: 'End to end, ms; null: nothing ended' }),
  })
  .meta({ id: 'LoadTestPoint' });
export type LoadTestPoint = z.output<typeof LoadTestPoint>;

/** A load test with what it has measured so far. */
export const LoadTestDocument = z
  .object({
    id: z.uuid(),
    contract: z.string(),
    total: z.int(),
    seconds: z.int(),
    rate: z.number().nullable().meta({ description: 'null: as fast as it goes' }),
    rampSeconds: z.int(),
    actor: z.uuid().meta({ description: 'Id of the user who started it' }),
    state: z.enum(LOAD_TEST_STATES),
    createdAt: time,
    endedAt: time.nullable(),
    error: z.string().nullable().meta({ description: 'Why it failed' }),
    submitted: count('Tasks that were accepted'),
    refused: count('Submits that failed'),
    succeeded: count('Tasks that ended SUCCESS'),
    failed: count('Tasks that ended otherwise'),
    waiting: count('Tasks whose end has not been seen'),
    submitPerSecond: z.number().min(0).meta({ description: 'Accepted within the last whole second' }),
    endPerSecond: z.number().min(0).meta({ description: 'Ended within the last whole second' }),
    submitLatency: LatencyDocument.nullable().meta({ description: 'Of a submit, until it was accepted' }),
    endToEnd: LatencyDocument.nullable().meta({ description: 'From the submit until the result was seen' }),
    points: z.array(LoadTestPoint).meta({ description: 'Second by second' }),
  })
  .meta({ id: 'LoadTest' });
export type LoadTestDocument = z.output<typeof LoadTestDocument>;

/** Answer of `GET /api/load-tests`. */
export const LoadTestList = z
  .object({
    enabled: z.boolean().meta({ description: 'Load tests are switched on here (`LOAD_TESTS`)' }),
    items: z
      .array(LoadTestDocument.omit({ points: true }))
      .meta({ description: 'Newest first, 20 at most; without their points' }),
  })
  .meta({ id: 'LoadTestList' });
export type LoadTestList = z.output<typeof LoadTestList>;
