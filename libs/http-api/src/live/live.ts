import { TASK_STATES, TERMINAL_STATES, type TaskState, type TerminalState } from '@lovage/task';
import { z } from 'zod';
import { PlatformDocument } from '../platform/platform.ts';
import { QueueDocument } from '../queues/queue.ts';
import { several, TaskCountsQuery } from '../tasks/list.ts';
import { WorkerDocument } from '../workers/worker.ts';

/** What `GET /api/live` can tell of; each is an event of this name. */
export const LIVE_TOPICS = ['counts', 'throughput', 'queues', 'workers', 'platform', 'tasks'] as const;
export type LiveTopic = (typeof LIVE_TOPICS)[number];

/** Tasks of one event `tasks`, at most. */
export const MAX_LIVE_TASKS = 200;

const at = z.iso.datetime({ precision: 3 }).meta({ description: 'When it was read' });
const perState = <S extends string, V extends z.ZodType>(states: readonly S[], value: V) =>
  z.object(Object.fromEntries(states.map((state) => [state, value])) as Record<S, V>);
const perSecond = z.number().min(0);

const Topics = z
  .union([z.string().max(200), z.array(z.string().max(200)).max(20)])
  .transform((given) => [given].flat().flatMap((part) => part.split(',')))
  .pipe(
    z
      .array(z.enum(LIVE_TOPICS, { error: `must be of ${LIVE_TOPICS.join(', ')}` }))
      .min(1)
      .max(20),
  )
  .transform((topics): LiveTopic[] => [...new Set(topics)]);

/** Tasks that one stream may name by `watch`: more than a screen shows. */
export const MAX_WATCHED_TASKS = 100;

/** Query of `GET /api/live`: topics, and for `tasks` the filters of `GET /api/tasks` and the tasks that are looked at. */
export const LiveQuery = TaskCountsQuery.extend({
  topics: Topics.default(['counts', 'throughput', 'queues', 'workers', 'platform']).meta({
    description:
      'One or several, separated by commas or repeated: counts, throughput, queues, workers, platform, tasks. Default: all but tasks',
  }),
  watch: several(z.string().min(1).max(255), MAX_WATCHED_TASKS).meta({
    description: `With tasks: ids of tasks that are told of however old they are, such as the rows in sight; repeated, at most ${MAX_WATCHED_TASKS}`,
  }),
});
export type LiveQuery = z.output<typeof LiveQuery>;

/** Data of `event: counts`: as `GET /api/tasks/counts` tells, without a filter. */
export const LiveCounts = z
  .object({
    at,
    states: perState<TaskState, z.ZodInt>(TASK_STATES, z.int().min(0)),
    approximate: z.boolean().meta({ description: 'As in TaskCounts' }),
  })
  .meta({ id: 'LiveCounts' });
export type LiveCounts = z.output<typeof LiveCounts>;

/** Data of `event: throughput`. */
export const LiveThroughput = z
  .object({
    at,
    seconds: z
      .number()
      .meta({ description: 'Over how many of the last seconds the rates are: 5, less of a busy time' }),
    startedPerSecond: perSecond.meta({ description: 'Tasks whose latest attempt started' }),
    endedPerSecond: perState<TerminalState, typeof perSecond>(TERMINAL_STATES, perSecond),
  })
  .meta({ id: 'LiveThroughput' });
export type LiveThroughput = z.output<typeof LiveThroughput>;

/** Data of `event: queues`: as `GET /api/queues` tells. */
export const LiveQueues = z.object({ at, items: z.array(QueueDocument), approximate: z.boolean() }).meta({
  id: 'LiveQueues',
});
export type LiveQueues = z.output<typeof LiveQueues>;

/** Data of `event: platform`: as `GET /api/platform` tells. */
export const LivePlatform = PlatformDocument.extend({ at }).meta({ id: 'LivePlatform' });
export type LivePlatform = z.output<typeof LivePlatform>;

/** A worker in `event: workers`: without what does not change while it runs. */
export const LiveWorker = WorkerDocument.omit({ contracts: true, serves: true }).meta({ id: 'LiveWorker' });
export type LiveWorker = z.output<typeof LiveWorker>;

/** Data of `event: workers`. */
export const LiveWorkers = z
  .object({
    at,
    whole: z.boolean().meta({ description: 'items are all workers that run; else those that came or changed' }),
    items: z.array(LiveWorker),
    gone: z
      .array(z.uuid())
      .meta({ description: 'Ids of those that went since; GET /api/workers?status=dead,stopped tells why' }),
  })
  .meta({ id: 'LiveWorkers' });
export type LiveWorkers = z.output<typeof LiveWorkers>;

/** A task in `event: tasks`. */
export const LiveTask = z
  .object({
    id: z.string().meta({ description: 'As in GET /api/tasks/{id}' }),
    name: z.string(),
    state: z.enum(TASK_STATES),
    retries: z.int().min(0),
    createdAt: z.iso.datetime({ precision: 3 }),
    startedAt: z.iso.datetime({ precision: 3 }).nullable(),
    finishedAt: z.iso.datetime({ precision: 3 }).nullable(),
    isNew: z.boolean().meta({
      description:
        'It was not among the tasks of the filter before: made since, or it fits the filter since it changed',
    }),
  })
  .meta({ id: 'LiveTask' });
export type LiveTask = z.output<typeof LiveTask>;

/** Data of `event: tasks`: what changed among the newest tasks of the filter, and among those of `watch`. */
export const LiveTasks = z
  .object({
    at,
    whole: z.boolean().meta({
      description:
        'items are the newest tasks of the filter as they are; else those that changed since the event before',
    }),
    items: z.array(LiveTask).meta({
      description: `The newest first, at most ${MAX_LIVE_TASKS}; then those of watch that are not among them`,
    }),
    left: z
      .array(
        z.object({
          id: z.string(),
          state: z.enum(TASK_STATES).nullable().meta({ description: 'null: it was deleted' }),
        }),
      )
      .meta({ description: 'Tasks that no longer fit the filter' }),
    more: z.boolean().meta({ description: `More than ${MAX_LIVE_TASKS} changed: reload the list` }),
  })
  .meta({ id: 'LiveTasks' });
export type LiveTasks = z.output<typeof LiveTasks>;

/** Data of each event by its name. `unavailable`: a topic cannot be read now. `closed` is the last of a stream that the server ends. */
export interface LiveEvents {
  readonly counts: LiveCounts;
  readonly throughput: LiveThroughput;
  readonly queues: LiveQueues;
  readonly workers: LiveWorkers;
  readonly platform: LivePlatform;
  readonly tasks: LiveTasks;
  readonly unavailable: { readonly topic: LiveTopic; readonly code: string; readonly detail: string };
  readonly closed: { readonly code: string; readonly detail: string };
}
