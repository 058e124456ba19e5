import { z } from 'zod';
import { pageLimit, queryText, queryTime } from '../tasks/list.ts';

/** Equal parts of the time asked for, of which `trend` tells. */
export const FAILURE_TREND_PARTS = 24;

const time = (description: string) => z.iso.datetime({ precision: 3 }).meta({ description });

/** Of which time a group tells. */
const Times = {
  from: queryTime('Failed at this time or later. Left out: a day before `to`'),
  to: queryTime('Failed before this time. Left out: now'),
};

/** Query of `GET /api/failures/{id}`. */
export const FailureGroupQuery = z.strictObject(Times);
export type FailureGroupQuery = z.output<typeof FailureGroupQuery>;

/** Query of `GET /api/failures`; all that is given must hold. */
export const FailureGroupListQuery = z.strictObject({
  ...Times,
  contract: queryText(200).optional().meta({ description: 'Only this contract' }),
  type: queryText(200).optional().meta({ description: 'Only errors of this type' }),
  task: z
    .uuid({ error: 'must be a task’s id' })
    .optional()
    .meta({ description: 'The group of this task, if it has one; `from` and `to` say which failures `count` tells' }),
  sort: z
    .enum(['count', 'last'], { error: 'must be count or last' })
    .default('count')
    .meta({ description: 'The most frequent first, or the one that was seen last' }),
  limit: pageLimit(200, 50).meta({ description: 'Groups of one page: 1 to 200' }),
  cursor: z.string().max(300).optional().meta({ description: 'nextCursor of the page before, with the same query' }),
});
export type FailureGroupListQuery = z.output<typeof FailureGroupListQuery>;

/** Tasks of a contract that failed alike. */
export const FailureGroupDocument = z
  .object({
    id: z.uuid().meta({ description: 'Of the group; `failureGroup` of GET /api/tasks and of bulk requests' }),
    contract: z.string(),
    type: z.string().nullable().meta({
      description: 'Of the error. null: all other failures of a contract that has too many groups',
    }),
    message: z.string().nullable().meta({
      description:
        'Of the error, with numbers, ids, quoted values and paths taken out: `<n>`, `<id>`, `<text>`, `<path>`. null: all other failures of this type of a contract that has too many groups',
    }),
    stack: z
      .array(z.string())
      .meta({ description: 'Its innermost frames, without paths and lines; none is known: []' }),
    count: z.int().min(0).meta({ description: 'Failures in the time asked for' }),
    trend: z.array(z.int().min(0)).meta({ description: `The same by ${FAILURE_TREND_PARTS} equal parts of that time` }),
    firstSeenAt: time('When the first of all ended'),
    lastSeenAt: time('When the last of all ended'),
    sampleTaskId: z.uuid().nullable().meta({
      description: 'The task that failed last; null: it has been deleted',
    }),
  })
  .meta({ id: 'FailureGroup', description: 'Tasks of a contract that failed alike' });
export type FailureGroupDocument = z.output<typeof FailureGroupDocument>;

/** Answer of `GET /api/failures`. */
export const FailureGroupList = z
  .object({
    items: z.array(FailureGroupDocument),
    nextCursor: z.string().nullable().meta({ description: 'For the next page; null: this is the last' }),
    from: time('Of this time the counts tell'),
    to: time('Of this time the counts tell'),
    countedTo: time(
      'Failures before this time are counted; it follows the clock by some seconds while a beat runs',
    ).nullable(),
  })
  .meta({ id: 'FailureGroupList' });
export type FailureGroupList = z.output<typeof FailureGroupList>;
