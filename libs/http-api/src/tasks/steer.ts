import { isTerminal, TERMINAL_STATES } from '@lovage/task';
import { z } from 'zod';
import { ReasonText } from '../texts.ts';
import { TaskListQuery } from './list.ts';
import { InputMapping } from './mapping.ts';
import { RateText } from './rate.ts';
import { SubmitOptionsBody } from './submit.ts';

const Reason = ReasonText.optional().meta({
  description: 'Kept with the task, and told to callers that wait for it',
});

/** Body of `POST /api/tasks/{id}/revoke`; may be left out. */
export const RevokeBody = z
  .strictObject({
    terminate: z.boolean().default(false).meta({
      description:
        'Also a task that runs: its worker aborts its signal, gives it a few seconds to tidy up, and ends it REVOKED',
    }),
    reason: Reason,
  })
  .meta({ id: 'Revoke' });
export type RevokeBody = z.output<typeof RevokeBody>;

/** Most tasks that one request names. */
export const MAX_TASK_IDS = 1000;

export const TheseTasks = z
  .array(z.string().min(1).max(255))
  .min(1)
  .max(MAX_TASK_IDS)
  .optional()
  .meta({ description: 'These tasks; not together with `filter`' });

const hasCondition = (filter: object): boolean => Object.values(filter).some((value) => value !== undefined);
const NO_CONDITION = { error: 'must name at least one condition; all tasks there are would be meant otherwise' };

/** Whether tasks are named by their ids, or by a filter, and not by both. */
export const isOneOf = ({ ids, filter }: { readonly ids?: unknown; readonly filter?: unknown }): boolean =>
  (ids === undefined) !== (filter === undefined);
export const NOT_ONE = { error: 'must hold either `ids` or `filter`' };

/** Which live tasks; all that is given must hold. */
export const LiveTaskFilter = TaskListQuery.pick({
  state: true,
  name: true,
  queue: true,
  worker: true,
  user: true,
  tag: true,
  parent: true,
  root: true,
  retriedFrom: true,
  field: true,
  createdFrom: true,
  createdTo: true,
  text: true,
}).refine(hasCondition, NO_CONDITION);

/** Body of `POST /api/tasks/revoke`. */
export const RevokeManyBody = z
  .strictObject({
    ids: TheseTasks,
    filter: LiveTaskFilter.optional().meta({
      description: 'All live tasks that match, the newest first; the fields of GET /api/tasks',
    }),
    terminate: z.boolean().default(false).meta({
      description: 'Also tasks that run: they get a cancel request, and their workers end them',
    }),
    reason: Reason,
    limit: z.int().min(1).max(100_000).default(10_000).meta({
      description: 'Of a filter: most tasks that are revoked, or get a cancel request, by this request',
    }),
    cursor: z.string().max(300).optional().meta({ description: 'Of a filter: nextCursor of the request before' }),
  })
  .refine(isOneOf, NOT_ONE)
  .meta({ id: 'RevokeMany' });
export type RevokeManyBody = z.output<typeof RevokeManyBody>;

/** Answer of requests that cancel many tasks. */
export const RevokeManyAnswer = z
  .object({
    revoked: z.int().min(0).meta({ description: 'They waited: they are REVOKED now' }),
    cancelRequested: z
      .int()
      .min(0)
      .meta({ description: 'They run: they got a cancel request, and their workers end them' }),
    marked: z
      .int()
      .min(0)
      .meta({ description: 'The same as `cancelRequested`, under its name up to 0.1', deprecated: true }),
    running: z.int().min(0).meta({ description: 'They run, and were left alone' }),
    ended: z.int().min(0).meta({ description: 'They had ended' }),
    unknown: z.int().min(0).meta({ description: 'No such task is recorded' }),
    nextCursor: z.string().nullable().meta({
      description: 'There may be more: the limit or the time for one request was reached. null: all is done',
    }),
  })
  .meta({ id: 'RevokeManyAnswer' });
export type RevokeManyAnswer = z.output<typeof RevokeManyAnswer>;

/** Which ended tasks; all that is given must hold. */
export const EndedTaskFilter = TaskListQuery.omit({ sort: true, limit: true, cursor: true })
  .refine(hasCondition, NO_CONDITION)
  .refine(({ state }) => state === undefined || state.every(isTerminal), {
    error: `must be of ${TERMINAL_STATES.join(', ')}: only a task that has ended can be run again`,
    path: ['state'],
  });

/** Body of `POST /api/tasks/retry`. */
export const RetryManyBody = z
  .strictObject({
    ids: TheseTasks,
    filter: EndedTaskFilter.optional().meta({
      description:
        'All ended tasks that match, the newest first; the fields of GET /api/tasks. Without `state`: FAILURE and DEAD',
    }),
    mapping: InputMapping.optional(),
    rate: RateText.optional().meta({
      description: 'They start one after the other at this rate. Left out: all at once',
    }),
    limit: z.int().min(1).max(100_000).default(10_000).meta({
      description: 'Of a filter: most tasks that this request runs again',
    }),
    cursor: z.string().max(300).optional().meta({
      description: 'Of a filter: nextCursor of the request before; goes on at its rate',
    }),
  })
  .refine(isOneOf, NOT_ONE)
  .meta({ id: 'RetryMany' });
export type RetryManyBody = z.output<typeof RetryManyBody>;

/** Body of `POST /api/tasks/{id}/retry`; may be left out. */
export const RetryBody = z
  .strictObject({
    input: z.unknown().optional().meta({ description: 'Left out: that of the task' }),
    options: SubmitOptionsBody.optional().meta({
      description: 'As for a submit. The queue is that of the task, if none is given',
    }),
  })
  .meta({ id: 'Retry' });
export type RetryBody = z.output<typeof RetryBody>;
