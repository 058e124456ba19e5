import { TASK_STATES, type TaskState } from '@lovage/task';
import { z } from 'zod';
import { DeadLetterFilter } from '../dead-letters/dead-letter.ts';
import { pageLimit } from '../tasks/list.ts';
import { InputMapping } from '../tasks/mapping.ts';
import { RateText } from '../tasks/rate.ts';
import { EndedTaskFilter, isOneOf, LiveTaskFilter, NOT_ONE, TheseTasks } from '../tasks/steer.ts';
import { ReasonText } from '../texts.ts';

/** What a bulk job does to each thing that matches. */
export const BULK_ACTIONS = [
  'task.revoke',
  'task.retry',
  'task.delete',
  'dead_letter.redrive',
  'dead_letter.delete',
] as const;
export type BulkAction = (typeof BULK_ACTIONS)[number];

/** A job is `running` until all that matched is done, or somebody stops it, or it cannot go on. */
export const BULK_STATES = ['running', 'done', 'stopped', 'failed'] as const;
export type BulkState = (typeof BULK_STATES)[number];

const time = z.iso.datetime({ precision: 3 });
const count = (description: string) => z.int().min(0).meta({ description });

const mapping = InputMapping.optional();
const terminate = z.boolean().default(false).meta({ description: 'Also tasks that run: their workers end them' });

const Revoke = z.strictObject({
  action: z.literal('task.revoke'),
  ids: TheseTasks,
  filter: LiveTaskFilter.optional().meta({ description: 'Live tasks; the fields of GET /api/tasks' }),
  terminate,
});
const Retry = z.strictObject({
  action: z.literal('task.retry'),
  ids: TheseTasks,
  filter: EndedTaskFilter.optional().meta({
    description: 'Ended tasks; the fields of GET /api/tasks. Without `state`: FAILURE and DEAD',
  }),
  mapping,
});
const Delete = z.strictObject({
  action: z.literal('task.delete'),
  ids: TheseTasks,
  filter: EndedTaskFilter.optional().meta({
    description: 'Ended tasks; the fields of GET /api/tasks. Without `state`: all ended states. For administrators',
  }),
});
const Redrive = z.strictObject({
  action: z.literal('dead_letter.redrive'),
  filter: DeadLetterFilter.meta({ description: 'Dead letters that have not been redriven' }),
  mapping,
});
const DeleteDeadLetters = z.strictObject({
  action: z.literal('dead_letter.delete'),
  filter: DeadLetterFilter.meta({ description: 'Dead letters' }),
});

/** Body of `POST /api/bulk/preview`. */
export const BulkPreviewBody = z
  .discriminatedUnion('action', [Revoke, Retry, Delete, Redrive, DeleteDeadLetters])
  .refine(isOneOf, NOT_ONE)
  .meta({ id: 'BulkPreview' });
export type BulkPreviewBody = z.output<typeof BulkPreviewBody>;

const start = {
  at: z.iso
    .datetime({ offset: true, error: 'must be the `at` of the preview' })
    .transform((iso) => Date.parse(iso))
    .meta({ description: '`at` of the preview: what came after it is left alone' }),
  reason: ReasonText.min(1).meta({
    description: 'Why; kept with the job and in the audit log, and with revoked tasks',
  }),
  rate: RateText.optional().meta({ description: 'So many at most. Left out: as fast as it goes' }),
};

/** Body of `POST /api/bulk`. */
export const BulkBody = z
  .discriminatedUnion('action', [
    Revoke.extend(start),
    Retry.extend(start),
    Delete.extend(start),
    Redrive.extend(start),
    DeleteDeadLetters.extend(start),
  ])
  .refine(isOneOf, NOT_ONE)
  .meta({ id: 'Bulk' });
export type BulkBody = z.output<typeof BulkBody>;

/** Answer of `POST /api/bulk/preview`. */
export const BulkPreviewDocument = z
  .object({
    at: time.meta({ description: 'The moment of the preview; a job takes it' }),
    matched: count('How many match now'),
    complete: z.boolean().meta({ description: 'false: there are more; counting them all would have taken too long' }),
    states: z
      .partialRecord(z.enum(TASK_STATES), z.int().min(0))
      .meta({ description: 'Of tasks: how many are in each state; states without any are left out' }),
  })
  .meta({ id: 'BulkPreviewAnswer' });
export type BulkPreviewDocument = z.output<typeof BulkPreviewDocument> & {
  readonly states: Partial<Record<TaskState, number>>;
};

/** A bulk job. */
export const BulkJobDocument = z
  .object({
    id: z.uuid(),
    action: z.enum(BULK_ACTIONS),
    filter: z
      .record(z.string(), z.unknown())
      .nullable()
      .meta({ description: 'As it was given; null: tasks were picked' }),
    picked: z.int().min(1).nullable().meta({ description: 'So many tasks were named by their ids; null: a filter' }),
    terminate: z.boolean(),
    mapping: z.array(z.unknown()).nullable(),
    at: time.meta({ description: 'What came after this moment is left alone' }),
    reason: z.string(),
    rate: z.string().nullable().meta({ description: 'null: as fast as it goes' }),
    actor: z.uuid().meta({ description: 'Id of the user who started it' }),
    state: z.enum(BULK_STATES),
    matched: z.int().min(0).nullable().meta({ description: 'How many matched at the start; null: not counted yet' }),
    complete: z.boolean().meta({ description: 'false: `matched` is the least it can be' }),
    done: count('It was done to so many'),
    skipped: count('Nothing was to be done any more: ended, run again, or gone meanwhile'),
    failed: count('It could not be done'),
    failures: z
      .array(z.object({ id: z.string(), code: z.string(), message: z.string() }))
      .meta({ description: 'Of the failed the first 20, with the reason' }),
    perSecond: z.number().min(0).meta({ description: 'How many were gone through a second, from its start on' }),
    error: z.string().nullable().meta({ description: 'Why it failed, or what it waits for' }),
    createdAt: time,
    updatedAt: time.meta({ description: 'When it got on last' }),
    endedAt: time.nullable(),
    stopped: z
      .object({ at: time, actor: z.uuid().nullable() })
      .nullable()
      .meta({ description: 'Who stopped it; `actor` null: the user who started it may not do this any more' }),
  })
  .meta({ id: 'BulkJob' });
export type BulkJobDocument = z.output<typeof BulkJobDocument>;

/** Query of `GET /api/bulk`. */
export const BulkListQuery = z.strictObject({
  state: z.enum(BULK_STATES, { error: `must be of ${BULK_STATES.join(', ')}` }).optional(),
  limit: pageLimit(100, 20).meta({ description: 'Jobs of one page: 1 to 100' }),
  cursor: z
    .uuid({ error: 'is no cursor of this list; begin without one' })
    .optional()
    .meta({ description: 'nextCursor of the page before' }),
});
export type BulkListQuery = z.output<typeof BulkListQuery>;

export const BulkJobList = z
  .object({
    items: z.array(BulkJobDocument).meta({ description: 'Newest first' }),
    nextCursor: z.string().nullable().meta({ description: 'For the next page; null: this is the last' }),
  })
  .meta({ id: 'BulkJobList' });
export type BulkJobList = z.output<typeof BulkJobList>;
