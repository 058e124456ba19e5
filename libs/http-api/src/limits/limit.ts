import { MAX_CONCURRENCY } from '@lovage/task';
import { z } from 'zod';
import { boundedRecord } from '../bounded-record.ts';
import { RateText } from '../tasks/rate.ts';

/** Values of one contract's key that may have slots of their own: each worker's claim looks among them. */
const MAX_KEYS = 1000;
/** Of a longer value a key holds the hash alone. */
const MAX_VALUE = 200;

const SLOTS = { error: `must be a whole number from 0 to ${MAX_CONCURRENCY}, or null for no limit` };

const slots = (description: string) =>
  z.int(SLOTS).min(0, SLOTS).max(MAX_CONCURRENCY, SLOTS).nullable().meta({ description });

const Rate = RateText.nullable().meta({
  description: '`10/s`, `100/m`, `1000/h`: so many start in a second, minute or hour; null: no limit',
});

const Settings = z.strictObject({
  concurrency: slots(
    'How many run at once; where the contract has a key: of each of its values. 0: none starts; null: no limit',
  ).optional(),
  keys: boundedRecord(
    z
      .string()
      .min(1, { error: 'must not be empty' })
      .max(MAX_VALUE, { abort: true })
      .regex(/^[^\0]*$/, { error: 'must not hold NUL' }),
    slots('How many of this value run at once; 0: none starts; null: no limit'),
    MAX_KEYS,
    `at most ${MAX_KEYS} values`,
  )
    .optional()
    .meta({ description: 'For single values of its key, before `concurrency`: `{ "acme": 10 }`' }),
  rate: Rate.optional(),
  burst: z
    .int()
    .min(1)
    .max(MAX_CONCURRENCY)
    .optional()
    .meta({ description: "With `rate`: how many may start at once after a pause. Left out: the contract's, else 1" }),
});

/** Body of `PUT /api/limits/{name}`. What is left out is as the contract says. */
export const LimitBody = Settings.extend({
  reason: z
    .string()
    .max(500, { abort: true })
    .regex(/^[\P{Cc}\n\t]*$/u, { error: 'must not hold control characters' })
    .optional()
    .meta({ description: 'Why; shown with the limit' }),
})
  .superRefine(({ concurrency, keys, rate, burst }, context) => {
    const issue = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (concurrency === undefined && keys === undefined && rate === undefined)
      issue([], 'sets nothing: give concurrency, keys or rate; DELETE goes back to what the contract says');
    if (burst !== undefined && typeof rate !== 'string') issue(['burst'], 'needs a rate');
  })
  .meta({ id: 'LimitChange' });
export type LimitBody = z.output<typeof LimitBody>;

const count = (description: string) => z.int().min(0).meta({ description });

/** The limits of a contract as the API shows them. In `declared` and `inForce`, null is no limit. */
export const LimitDocument = z
  .object({
    contract: z.string(),
    declared: z
      .object({
        concurrency: z.int().nullable(),
        byKey: z.boolean().meta({ description: 'Of each value of a key, not of the contract as a whole' }),
        rate: z.string().nullable(),
        burst: z.int().nullable(),
        rateByKey: z.boolean(),
      })
      .meta({ description: 'As the contract says' }),
    override: Settings.extend({
      at: z.iso.datetime({ precision: 3 }),
      actor: z.string().nullable().meta({ description: 'Id of the user who set it' }),
      reason: z.string().nullable().meta({ description: 'As it was given' }),
    })
      .nullable()
      .meta({ description: 'As set by an operator; what is left out is as the contract says' }),
    inForce: z.object({
      concurrency: z.int().nullable().meta({ description: 'Single values may have another: see `override.keys`' }),
      rate: z.string().nullable(),
      burst: z.int().nullable(),
    }),
    held: count('Slots that are taken: their tasks run, or are on their way to a worker'),
    waiting: count('Tasks that wait for a slot'),
    waitingForRate: count('Tasks that wait for their time of the rate'),
    approximate: z.boolean().meta({
      description: 'More than 20,000 tasks wait (in the list: of all contracts): not all of them are counted',
    }),
  })
  .meta({ id: 'Limit' });
export type LimitDocument = z.output<typeof LimitDocument>;

export const LimitList = z
  .object({ items: z.array(LimitDocument).meta({ description: 'Of every contract, by name' }) })
  .meta({ id: 'LimitList' });
export type LimitList = z.output<typeof LimitList>;

const time = z.iso.datetime({ precision: 3 });
const taskId = z.uuid().meta({ description: 'As in GET /api/tasks/{id}' });
const keyValue = z.string().nullable().meta({ description: 'Of the key; null: the contract as a whole' });

export const LimitDetail = LimitDocument.extend({
  keys: z
    .array(
      z.object({
        limits: z.enum(['concurrency', 'rate']),
        value: keyValue,
        limit: z.int().nullable().meta({ description: 'Slots in force; null: no limit, and for a rate' }),
        held: z.int().min(0),
        waiting: z.int().min(0),
        waitingForRate: z.int().min(0),
      }),
    )
    .meta({ description: 'Those in use; at most 100, where the most tasks wait first' }),
  holders: z
    .array(
      z.object({
        id: taskId,
        value: keyValue,
        since: time.meta({ description: 'When it got the slot' }),
        worker: z
          .string()
          .nullable()
          .meta({ description: 'That runs it; null: it is on its way to one, or waits for its time of the rate' }),
      }),
    )
    .meta({ description: 'Tasks that have slots, at most 100: those first that have them longest' }),
  waiters: z
    .array(
      z.object({
        id: taskId,
        value: keyValue,
        waitsFor: z.enum(['concurrency', 'rate']),
        since: time.nullable().meta({ description: 'Of one that waits for a slot: when it was submitted' }),
        dueAt: time.nullable().meta({ description: 'Of one that waits for the rate: the time that it was given' }),
      }),
    )
    .meta({ description: 'Tasks that wait, at most 100: those first that are next' }),
}).meta({ id: 'LimitDetail' });
export type LimitDetail = z.output<typeof LimitDetail>;
