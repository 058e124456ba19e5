import { TASK_STATES, type TaskState } from '@lovage/task';
import { z } from 'zod';
import { TaskTag } from './submit.ts';
import { TaskDocument } from './task-document.ts';

/** A text as a query says it. NUL is no part of any text that is kept; Postgres does not even take it in a question. */
export const queryText = (max: number) =>
  z
    .string()
    .min(1)
    .max(max, { abort: true })
    .regex(/^\P{Cc}*$/u, { error: 'must not hold control characters' });
/** A time as a query says it; read as ms. */
export const queryTime = (description: string) =>
  z.iso
    .datetime({ offset: true, error: 'must be an ISO 8601 time with an offset, such as 2026-11-21T09:30:00Z' })
    .transform((iso) => Date.parse(iso))
    .optional()
    .meta({ description });

/** Twice as many as there are, and some: repeating one does no harm. */
const MAX_STATES = 50;
const StateText = z.string().max(500, { abort: true });

const States = z
  .union([StateText, z.array(StateText).max(MAX_STATES)])
  .transform((given) => [given].flat().flatMap((part) => part.split(',')))
  .pipe(z.array(z.enum(TASK_STATES, { error: `must be of ${TASK_STATES.join(', ')}` })).max(MAX_STATES))
  .transform((states): TaskState[] => [...new Set(states)]);

const id = (of: string) => z.uuid({ error: `must be ${of}’s id` }).optional();

/** One or several, as a query repeats a parameter. */
export const several = <T>(one: z.ZodType<T, string>, most: number) =>
  z
    .union([z.string(), z.array(z.string())])
    .transform((given) => [given].flat())
    .pipe(z.array(one).max(most))
    .optional();

const FIELD = 'must be a field of the input and its value, such as order.id=17';
const Field = z
  .string()
  .max(300)
  .regex(/^[^.=\p{Cc}]{1,100}(\.[^.=\p{Cc}]{1,100}){0,9}=[^\p{Cc}\p{Cs}]*$/u, { error: FIELD })
  .transform((text) => {
    const at = text.indexOf('=');
    return { path: text.slice(0, at), value: text.slice(at + 1) };
  });

/** How many a page may hold, as a query says it. */
export const pageLimit = (most: number, usual: number) =>
  z
    .string()
    .regex(/^\d{1,6}$/, { error: `must be a whole number from 1 to ${most}` })
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= most, { error: `must be a whole number from 1 to ${most}` })
    .default(usual);

/** Orders of a list of tasks. */
export const TASK_SORTS = ['newest', 'oldest', 'ended'] as const;
export type TaskSortName = (typeof TASK_SORTS)[number];

/** Query of `GET /api/tasks`; all that is given must hold. */
export const TaskListQuery = z.strictObject({
  state: States.optional().meta({ description: 'One or several, separated by commas or repeated' }),
  name: queryText(200)
    .optional()
    .meta({ description: 'Name of the contract; `mail.*`: all names that begin with `mail.`' }),
  queue: queryText(200).optional(),
  worker: queryText(255).optional().meta({ description: 'Name of the worker that runs it or ran it last' }),
  user: id('a user').meta({ description: 'Id of who submitted it' }),
  tag: several(TaskTag, 10).meta({ description: 'It has this tag; repeated: all of them' }),
  parent: id('a task').meta({ description: 'Id of the task that submitted it: the children of a fan-out' }),
  root: id('a task').meta({ description: 'Id of the first task of its family; that one is listed too' }),
  retriedFrom: id('a task').meta({ description: 'Id of the ended task that it runs again' }),
  failureGroup: id('a group of failures').meta({
    description:
      'Id of a group of GET /api/failures: tasks that failed alike. A task is in its group some seconds after its end',
  }),
  field: several(Field, 5).meta({
    description:
      'A field of the input with its value: order.id=17; repeated: all of them. With `name`, found at once if the contract has the field as a tag; else tasks are looked at one by one, newest first: see searchedTo',
  }),
  createdFrom: queryTime('Made at this time or later'),
  createdTo: queryTime('Made before this time'),
  finishedFrom: queryTime('Ended at this time or later'),
  finishedTo: queryTime('Ended before this time'),
  text: queryText(200).optional().meta({
    description:
      'Anywhere in the id, the name, the input or the error, in any case of letters. A whole id is found at once; else tasks are looked at one by one, newest first: see searchedTo',
  }),
  sort: z
    .enum(TASK_SORTS, { error: `must be of ${TASK_SORTS.join(', ')}` })
    .default('newest')
    .meta({
      description:
        'newest, oldest: by when they were made. ended: by when they ended, the latest first; ended tasks alone, and other filters are looked at task by task: see searchedTo',
    }),
  limit: pageLimit(200, 50).meta({ description: 'Tasks of one page: 1 to 200' }),
  cursor: z.string().max(300).optional().meta({ description: 'nextCursor of the page before; of the same `sort`' }),
});
export type TaskListQuery = z.output<typeof TaskListQuery>;

/** A task in a list. */
export const ListedTask = TaskDocument.extend({
  omitted: z
    .array(z.enum(['input', 'result', 'error', 'progress']))
    .meta({ description: 'Fields of more than 8 KiB: null here, whole at GET /api/tasks/{id}' }),
}).meta({ id: 'ListedTask', description: 'A task in a list: fields of more than 8 KiB are left out' });
export type ListedTask = z.output<typeof ListedTask>;

/** Data of an `event: state` of `GET /api/tasks/{id}/events`: fields of more than 64 KiB are null, and named in `omitted`. */
export interface FollowedTask extends ListedTask {
  /** Where the task is whole. */
  readonly href: string;
}

/** Answer of `GET /api/tasks`. */
export const TaskList = z
  .object({
    items: z.array(ListedTask).meta({ description: 'In the order that was asked for' }),
    nextCursor: z.string().nullable().meta({
      description:
        'For the next page; null: this is the last. A page is full or the last, unless 2 s were not enough to fill it',
    }),
    searchedTo: z.iso.datetime({ precision: 3 }).nullable().meta({
      description:
        'Of a page that is short though not the last: what lies beyond this time in the order of the list (was made, or ended, before it; by `oldest`: was made after it) has not been looked at yet',
    }),
  })
  .meta({ id: 'TaskList' });
export type TaskList = z.output<typeof TaskList>;

/** Query of `GET /api/tasks/counts`: the filters of the list. */
export const TaskCountsQuery = TaskListQuery.omit({ sort: true, limit: true, cursor: true });
export type TaskCountsQuery = z.output<typeof TaskCountsQuery>;

/** Answer of `GET /api/tasks/counts`. */
export const TaskCountsDocument = z
  .object({
    states: z.object(
      Object.fromEntries(TASK_STATES.map((state) => [state, z.int().min(0)])) as Record<TaskState, z.ZodInt>,
    ),
    approximate: z.boolean().meta({
      description:
        'More than 20,000 tasks are live: the numbers of live states are estimates. Those of ended states are exact',
    }),
    countedFrom: z.iso.datetime({ precision: 3 }).nullable().meta({
      description:
        'Of a filter: of the tasks in question the newest 10,000 are looked at (4,000 for `tag`, 2,000 for `text` and `field`), made at this time or later; null: all are',
    }),
  })
  .meta({
    id: 'TaskCounts',
    description: 'Tasks by state: of those kept, so retention lowers the numbers of ended ones',
  });
export type TaskCountsDocument = z.output<typeof TaskCountsDocument>;
