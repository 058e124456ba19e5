import { TASK_STATES } from '@lovage/task';
import { z } from 'zod';

/**
 * Why a task is where it is, by stable codes. `docs/explain.md` lists them, and a test holds the two together. In the order
 * in which they are told: what is decided first.
 */
export const REASON_CODES = [
  'cancelled',
  'expired',
  'dead_letter',
  'ended',
  'held_by_worker',
  'worker_lost',
  'retry_due',
  'eta',
  'passed_on',
  'concurrency_limit',
  'rate_limit',
  'unpublished',
  'queue_paused',
  'no_worker_for_queue',
  'no_worker_for_contract',
  'quarantined',
  'with_broker',
] as const;
export type ReasonCode = (typeof REASON_CODES)[number];

const time = z.iso.datetime({ precision: 3 });

export const ReasonDocument = z
  .object({
    code: z.enum(REASON_CODES),
    text: z.string().meta({ description: 'For people' }),
    since: time.optional(),
    until: time.optional(),
    data: z.record(z.string(), z.unknown()).meta({ description: 'For programs: what the text tells' }),
  })
  .meta({ id: 'Reason' });
export type ReasonDocument = z.output<typeof ReasonDocument>;

/** Answer of `GET /api/tasks/{id}/explain`. */
export const ExplainDocument = z
  .object({
    id: z.uuid(),
    state: z.enum(TASK_STATES),
    at: time.meta({ description: 'The moment of which all of it is true, by the clock of the database' }),
    reasons: z.array(ReasonDocument).meta({ description: 'The one that decides first comes first' }),
  })
  .meta({ id: 'Explain' });
export type ExplainDocument = z.output<typeof ExplainDocument>;
