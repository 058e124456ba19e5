import { QUEUE_TEXT, QUEUE_TEXT_RULE } from '@lovage/foundation';
import { z } from 'zod';
import { pageLimit } from '../tasks/list.ts';
import { InputMapping } from '../tasks/mapping.ts';
import { RateText } from '../tasks/rate.ts';
import { lineText } from '../texts.ts';

const time = z.iso.datetime({ precision: 3 });

const Reason = lineText(100).meta({
  description: 'malformed, or as the broker says: rejected, expired, maxlen, delivery_limit; unknown',
});

/** Which dead letters; all that is given must hold. */
const Filter = {
  queue: lineText(255).optional().meta({ description: 'Where it died' }),
  reason: Reason.optional(),
  name: lineText(255).optional().meta({ description: 'Name of the contract' }),
  task: lineText(255).optional().meta({ description: 'Id of the task that it names' }),
  text: lineText(200).optional().meta({
    description:
      'Anywhere in the ids, the name, the code, the detail or the headers, in any case of letters; or in the body, as it is written there. The newest 500 dead letters are looked at for each page',
  }),
};

/** Which dead letters, of requests that act on many; all that is given must hold. */
export const DeadLetterFilter = z
  .strictObject(Filter)
  .refine((filter) => Object.values(filter).some((value) => value !== undefined), {
    error: 'must name at least one condition; all dead letters there are would be meant otherwise',
  });

/** Query of `GET /api/dead-letters`. */
export const DeadLetterQuery = z.strictObject({
  ...Filter,
  redriven: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .transform((given) => given === 'true')
    .optional()
    .meta({ description: 'Whether it has become a task again' }),
  limit: pageLimit(200, 50).meta({ description: 'Dead letters of one page: 1 to 200' }),
  cursor: z.uuid({ error: 'is no cursor of this list; begin without one' }).optional().meta({
    description: 'nextCursor of the page before',
  }),
});
export type DeadLetterQuery = z.output<typeof DeadLetterQuery>;

/** A message that the broker gave up, in a list. */
export const DeadLetterDocument = z
  .object({
    id: z.uuid(),
    queue: z.string().meta({ description: 'Where it died' }),
    reason: z.string().meta({
      description: 'malformed, or as the broker says: rejected, expired, maxlen, delivery_limit; unknown',
    }),
    code: z.string().nullable().meta({ description: 'Why it cannot be read, see docs/errors.md; null: it can' }),
    detail: z.string().nullable().meta({ description: 'The same for people' }),
    taskId: z.string().nullable().meta({ description: 'The task that it names' }),
    name: z.string().nullable().meta({ description: 'Name of the contract' }),
    priority: z.int().min(0).max(255).nullable().meta({ description: 'As the message states it; null: none' }),
    outcome: z.enum(['ended', 'sent_again', 'none']).nullable().meta({
      description: 'What became of that task: it has ended; it was sent once more; nothing waited for this message',
    }),
    bodySize: z.int().min(0).meta({ description: 'Bytes' }),
    diedAt: time.nullable().meta({ description: 'As the broker says' }),
    receivedAt: time.meta({ description: 'When it was written down' }),
    redriven: z
      .object({
        at: time,
        as: z.uuid().nullable().meta({ description: 'Id of the task that it became' }),
        actor: z.uuid().nullable().meta({ description: 'Id of the user who did so' }),
      })
      .nullable()
      .meta({ description: 'null: it was not' }),
  })
  .meta({ id: 'DeadLetter', description: 'A message that nobody ran and that the broker gave up' });
export type DeadLetterDocument = z.output<typeof DeadLetterDocument>;

/** The same with the message. */
export const WholeDeadLetterDocument = DeadLetterDocument.extend({
  readable: z
    .boolean()
    .meta({ description: 'It can be redriven as it is; else it needs an input, and a name if it has none' }),
  input: z.unknown().meta({ description: 'Of one that is readable and whose arguments have names; else null' }),
  contentType: z.string().nullable(),
  contentEncoding: z.string().nullable(),
  headers: z.record(z.string(), z.unknown()).meta({ description: 'Those of the broker included' }),
  body: z.string().nullable().meta({ description: 'As text; null: it is no UTF-8' }),
  bodyBase64: z.string().meta({ description: 'Its first mebibyte' }),
  truncated: z.boolean().meta({ description: 'The body was larger than what is kept of it' }),
}).meta({ id: 'WholeDeadLetter' });
export type WholeDeadLetterDocument = z.output<typeof WholeDeadLetterDocument>;

export const DeadLetterList = z
  .object({
    items: z.array(DeadLetterDocument).meta({ description: 'Newest first' }),
    nextCursor: z.string().nullable().meta({
      description: 'For the next page; null: this is the last. A page may be short, even empty, and not be the last',
    }),
  })
  .meta({ id: 'DeadLetterList' });
export type DeadLetterList = z.output<typeof DeadLetterList>;

/** Dead letters that have not been redriven and are alike. */
export const DeadLetterGroupDocument = z
  .object({
    reason: z.string(),
    queue: z.string().meta({ description: 'Where they died' }),
    name: z.string().nullable().meta({ description: 'Name of the contract; null: they name none' }),
    code: z.string().nullable().meta({ description: 'Why they cannot be read; null: they can' }),
    count: z.int().min(1),
    firstAt: time.meta({ description: 'When the first of them was written down' }),
    lastAt: time.meta({ description: 'When the last of them was' }),
  })
  .meta({ id: 'DeadLetterGroup' });
export type DeadLetterGroupDocument = z.output<typeof DeadLetterGroupDocument>;

/** Answer of `GET /api/dead-letters/groups`. */
export const DeadLetterGroups = z
  .object({
    items: z.array(DeadLetterGroupDocument).meta({ description: 'The largest first, at most 500' }),
    approximate: z.boolean().meta({
      description: 'There are more than 20,000 dead letters, of which the newest are counted, or more groups',
    }),
  })
  .meta({ id: 'DeadLetterGroups' });
export type DeadLetterGroups = z.output<typeof DeadLetterGroups>;

/** Body of `POST /api/dead-letters/{id}/redrive`; may be left out. */
export const RedriveBody = z
  .strictObject({
    name: lineText(200).optional().meta({ description: 'Contract to run. Left out: that of the dead letter' }),
    input: z.unknown().optional().meta({ description: 'Left out: that of the dead letter' }),
    queue: z
      .string()
      .regex(QUEUE_TEXT, { error: `must be a queue name: ${QUEUE_TEXT_RULE}` })
      .optional()
      .meta({ description: 'Left out: where it died' }),
  })
  .meta({ id: 'Redrive' });
export type RedriveBody = z.output<typeof RedriveBody>;

/** Body of `POST /api/dead-letters/redrive`. */
export const RedriveManyBody = z
  .strictObject({
    filter: DeadLetterFilter.meta({
      description: 'Dead letters that match and have not been redriven, the newest first',
    }),
    mapping: InputMapping.optional(),
    rate: RateText.optional().meta({
      description: 'They start one after the other at this rate. Left out: all at once',
    }),
    limit: z
      .int()
      .min(1)
      .max(100_000)
      .default(10_000)
      .meta({ description: 'Most dead letters that this request redrives' }),
    cursor: z
      .string()
      .max(300)
      .optional()
      .meta({ description: 'nextCursor of the request before; goes on at its rate' }),
  })
  .meta({ id: 'RedriveMany' });
export type RedriveManyBody = z.output<typeof RedriveManyBody>;

/** One of many that was left as it is. */
const Refusal = z.object({
  id: z.string(),
  code: z.string().meta({ description: 'Code of the problem that it alone would be answered' }),
  message: z.string(),
});

/** Answer of requests that make tasks of many things. */
export const BulkRetryAnswer = z
  .object({
    submitted: z.int().min(0).meta({ description: 'New tasks; each has an id of its own' }),
    skipped: z.int().min(0).meta({
      description: 'They were run again before, or another task of the same work conflicts (docs/unique.md)',
    }),
    refused: z.int().min(0).meta({ description: 'They cannot be run again as they are' }),
    refusals: z.array(Refusal).meta({ description: 'Of the refused the first 20, with the reason' }),
    lastDueAt: time
      .nullable()
      .meta({ description: 'When the last of the new tasks starts, at the given rate; null: none' }),
    nextCursor: z.string().nullable().meta({
      description: 'There may be more: the limit or the time for one request was reached. null: all is done',
    }),
  })
  .meta({ id: 'BulkRetryAnswer' });
export type BulkRetryAnswer = z.output<typeof BulkRetryAnswer>;
