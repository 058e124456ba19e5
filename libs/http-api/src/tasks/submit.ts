import { durationMs, QUEUE_TEXT, QUEUE_TEXT_RULE, TASK_PRIORITY_RULE, type Duration } from '@lovage/foundation';
import { isTag, MAX_TAG, MAX_TAGS, TAG_RULE, TASK_STATES, UNIQUE_CONFLICTS } from '@lovage/task';
import { z } from 'zod';
import { boundedRecord } from '../bounded-record.ts';

/** No delay, expiry or limit is longer: ten years. What is beyond is a mistake of units. */
const LONGEST_MS = 3650 * 24 * 3600 * 1000;

const DURATION = 'seconds as a number, or a text such as "500ms", "10s", "2m", "1h"; at most ten years';

const DurationText = z
  .union([z.number(), z.string()], { error: `must be ${DURATION}` })
  .refine(isDuration, { error: `must be ${DURATION}` })
  .transform((value) => value as Duration)
  .meta({
    id: 'Duration',
    description: 'Seconds as a number, or a text with a unit: "500ms", "10s", "2m", "1h", "7d". At most ten years.',
  });

export const PositiveDuration = z
  .union([z.number(), z.string()], { error: `must be ${DURATION}` })
  .refine(isDuration, { error: `must be ${DURATION}`, abort: true })
  .refine(isPositive, { error: 'must be longer than zero' })
  .transform((value) => value as Duration)
  .meta({
    id: 'PositiveDuration',
    description: 'A duration longer than zero: seconds as a number, or a text such as "500ms", "10s", "2m", "1h".',
  });

const Time = z.iso
  .datetime({ offset: true, error: 'must be an ISO 8601 time with an offset, such as 2026-11-21T09:30:00Z' })
  .transform((text) => new Date(text));

const Expiry = z
  .union([z.number(), z.string()], { error: `must be a time with an offset, or ${DURATION}` })
  .refine((value) => isDuration(value) || (typeof value === 'string' && Time.safeParse(value).success), {
    error: `must be a time with an offset, or ${DURATION}`,
    abort: true,
  })
  .refine((value) => !isDuration(value) || isPositive(value), { error: 'must be longer than zero' })
  .transform((value): Duration | Date => (isDuration(value) ? value : new Date(value)))
  .meta({
    id: 'Expiry',
    description: 'A duration from the submit (seconds, or "10s"), or a time (ISO 8601 with an offset).',
  });

const attempts = z.int().min(1).max(10_000).optional().meta({ description: 'Runs in all, the first included' });
const RetryRuleFields = {
  maxAttempts: attempts,
  backoff: z.enum(['exponential', 'linear', 'fixed']).optional().meta({ description: 'How the wait grows' }),
  delay: DurationText.optional().meta({ description: 'Wait before the first retry' }),
  maxDelay: DurationText.optional().meta({ description: 'Longest wait; not shorter than delay' }),
  jitter: z.boolean().optional().meta({ description: 'Draw the wait evenly from zero to the computed one' }),
};
/** Error types that one policy names. */
const MAX_ERROR_TYPES = 100;
const ErrorType = z.string().min(1).max(100);
const errorTypes = (description: string) => z.array(ErrorType).max(MAX_ERROR_TYPES).optional().meta({ description });

/** How failures are retried; what is left out is as in the contract. */
const RetryPolicy = z
  .strictObject({
    ...RetryRuleFields,
    on: errorTypes('Only these error types, and those with a rule, are retried'),
    never: errorTypes('Error types that are final'),
    errors: boundedRecord(
      ErrorType,
      z.union([z.literal(false), z.strictObject(RetryRuleFields)]),
      MAX_ERROR_TYPES,
      `at most ${MAX_ERROR_TYPES} error types`,
    )
      .optional()
      .meta({ description: 'Rules of single error types; false: final' }),
    maxRetryAfter: DurationText.optional().meta({ description: 'Longest wait that an error may ask for' }),
  })
  .meta({ id: 'RetryPolicy', description: 'What is left out is as in the contract. At most 4,000 characters' });

/** When two tasks are the same work; what is left out is as in the contract. */
const UniqueRule = z
  .strictObject({
    by: z
      .array(z.string().min(1).max(200))
      .min(1)
      .max(20)
      .optional()
      .meta({ description: 'Fields of the input, by path: ["tenant", "user.id"]' }),
    period: PositiveDuration.optional().meta({
      description: 'Only a task submitted less than so long ago conflicts',
    }),
    states: z.array(z.enum(TASK_STATES)).max(50).optional().meta({
      description: 'In which of these states another task conflicts; PENDING, SCHEDULED and QUEUED among them',
    }),
    onConflict: z.enum(UNIQUE_CONFLICTS).optional().meta({
      description:
        'existing: the other task is the answer. replace: one that waits is revoked. reject: 409 task_not_unique',
    }),
  })
  .meta({ id: 'UniqueRule', description: 'What is left out is as in the contract, or as docs/unique.md says' });

/** A text by which tasks are found. */
export const TaskTag = z
  .string()
  .min(1, { error: `must be ${TAG_RULE}` })
  .max(MAX_TAG, { error: `must be ${TAG_RULE}`, abort: true })
  .refine(isTag, { error: `must be ${TAG_RULE}` });

/** How a task is to be sent. What is left out is as the contract says. */
export const SubmitOptionsBody = z
  .strictObject({
    queue: z
      .string()
      .regex(QUEUE_TEXT, { error: `must be a queue name: ${QUEUE_TEXT_RULE}` })
      .optional()
      .meta({ description: 'Queue to send it to; a worker must serve it' }),
    priority: z
      .int({ error: `must be ${TASK_PRIORITY_RULE}` })
      .min(0, { error: `must be ${TASK_PRIORITY_RULE}` })
      .max(9, { error: `must be ${TASK_PRIORITY_RULE}` })
      .optional()
      .meta({
        description: 'From 0 to 9: the higher the sooner of what waits in its queue. None is in the middle, as 4',
      }),
    delay: DurationText.optional().meta({ description: 'Run it so long from now; not together with eta' }),
    eta: Time.optional().meta({ description: 'Run it at this time; not in the past' }),
    expires: Expiry.optional().meta({
      description: 'Not started so long after the submit, or by this time: it becomes EXPIRED',
    }),
    timeLimit: PositiveDuration.optional().meta({ description: 'A run as long as this ends as FAILURE' }),
    softTimeLimit: PositiveDuration.optional().meta({
      description: 'After so long the handler is told to tidy up; shorter than timeLimit',
    }),
    retry: RetryPolicy.optional(),
    unique: z.union([z.boolean(), UniqueRule]).optional().meta({
      description:
        'No second task while another one of the same work conflicts. true: as in the contract, or of the same input; false: not so',
    }),
    tags: z
      .array(TaskTag)
      .max(MAX_TAGS)
      .optional()
      .meta({ description: 'By which it is found, besides those that its contract takes from the input' }),
  })
  .meta({ id: 'SubmitOptions' });
export type SubmitOptionsBody = z.output<typeof SubmitOptionsBody>;

/** Body of `POST /api/tasks/{name}`. */
export const SubmitBody = z
  .strictObject({
    input: z.unknown().optional().meta({ description: 'As the contract says; left out: {}' }),
    options: SubmitOptionsBody.optional(),
  })
  .meta({ id: 'Submit' });
export type SubmitBody = z.output<typeof SubmitBody>;

/** Body of `POST /api/tasks`. */
export const SubmitByNameBody = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(200)
      .meta({ description: 'A contract’s name', examples: ['math.add'] }),
    input: z.unknown().optional().meta({ description: 'As the contract says; left out: {}' }),
    args: z.array(z.unknown()).max(1000).optional().meta({
      description:
        'Positional arguments of a task that only Celery workers serve and no contract here declares; `options.queue` says where they are',
    }),
    kwargs: z.record(z.string(), z.unknown()).optional().meta({ description: 'Keyword arguments of such a task' }),
    options: SubmitOptionsBody.optional(),
  })
  .refine(({ input, args, kwargs }) => input === undefined || (args === undefined && kwargs === undefined), {
    path: ['input'],
    error: 'give either input (of a contract), or args and kwargs (of a task of Celery workers)',
  })
  .refine(({ args, kwargs, options }) => (args === undefined && kwargs === undefined) || options?.queue !== undefined, {
    path: ['options', 'queue'],
    error: 'is needed with args or kwargs: no contract says where the task is served',
  })
  .meta({ id: 'SubmitByName' });
export type SubmitByNameBody = z.output<typeof SubmitByNameBody>;

function isDuration(value: string | number): value is Duration {
  try {
    return durationMs(value as Duration) <= LONGEST_MS;
  } catch {
    return false;
  }
}

function isPositive(value: string | number): boolean {
  return durationMs(value as Duration) > 0;
}
