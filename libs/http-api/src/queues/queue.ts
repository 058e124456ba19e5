import { TASK_STATES, isTerminal } from '@lovage/task';
import { z } from 'zod';

const Reason = z
  .string()
  .max(500, { abort: true })
  .regex(/^[\P{Cc}\n\t]*$/u, { error: 'must not hold control characters' })
  .optional();

/** States of a task that nobody runs yet. */
const WAITING_STATES = TASK_STATES.filter(
  (state) => !isTerminal(state) && state !== 'STARTED' && state !== 'PROGRESS',
) as ('PENDING' | 'SCHEDULED' | 'QUEUED' | 'RETRY')[];

/** A queue as the API shows it. */
export const QueueDocument = z
  .object({
    name: z.string(),
    paused: z
      .object({
        at: z.iso.datetime({ precision: 3 }),
        actor: z.string().nullable().meta({ description: 'Id of the user who paused it' }),
        reason: z.string().nullable().meta({ description: 'As it was given' }),
      })
      .nullable()
      .meta({ description: 'null: it is served' }),
    ready: z.int().min(0).nullable().meta({
      description:
        'Messages with the broker that no worker has taken yet; null: the broker is away, or has no such queue',
    }),
    readyByPriority: z
      .object({ high: z.int().min(0), normal: z.int().min(0), low: z.int().min(0) })
      .nullable()
      .meta({ description: 'The same by priority level: 7 to 9 are high, 0 to 3 low, all else normal; null as above' }),
    consumers: z.int().min(0).nullable().meta({
      description: 'Subscriptions to it at the broker, those of Celery workers included; null as above',
    }),
    unacked: z.int().min(0).meta({
      description: 'Messages that were delivered and are not acked yet: see unackedFrom',
    }),
    unackedFrom: z.enum(['broker', 'tasks']).meta({
      description:
        'Who tells unacked. broker: it is exact. tasks: the broker does not tell, it is the number of running tasks, without messages that workers hold and have not begun',
    }),
    workers: z.array(z.string()).meta({ description: 'Names of live workers that serve it' }),
    waiting: z.int().min(0).meta({ description: 'Tasks that nobody runs yet, by their rows' }),
    later: z.int().min(0).meta({ description: 'Of them those whose time has not come: delayed, or before a retry' }),
    running: z.int().min(0),
    oldestSeconds: z.number().nullable().meta({
      description: 'How long the task that waits longest could have run already; null: none waits',
    }),
    inPerSecond: z.number().meta({ description: 'Tasks submitted a second, over the last minute' }),
    outPerSecond: z.number().meta({ description: 'Tasks ended a second, over the last minute' }),
  })
  .meta({ id: 'Queue' });
export type QueueDocument = z.output<typeof QueueDocument>;

export const QueueList = z
  .object({
    items: z.array(QueueDocument).meta({ description: 'By name' }),
    approximate: z.boolean().meta({
      description:
        'More than 20,000 tasks are live: waiting, later and running count the oldest and the newest of them',
    }),
  })
  .meta({ id: 'QueueList' });
export type QueueList = z.output<typeof QueueList>;

/** Body of `POST /api/queues/{name}/pause`; may be left out. */
export const PauseBody = z
  .strictObject({ reason: Reason.meta({ description: 'Why; shown with the queue and by explain' }) })
  .meta({ id: 'Pause' });
export type PauseBody = z.output<typeof PauseBody>;

/** Body of `POST /api/queues/{name}/purge`; may be left out. */
export const PurgeBody = z
  .strictObject({
    reason: Reason.meta({ description: 'Why; kept with each task' }),
    states: z
      .array(z.enum(WAITING_STATES, { error: `must be of ${WAITING_STATES.join(', ')}` }))
      .min(1)
      .max(20)
      .optional()
      .meta({ description: 'Only tasks in these states. Left out: all that wait, delayed ones and retries included' }),
    limit: z.int().min(1).max(100_000).default(100_000).meta({ description: 'Most tasks that this request ends' }),
    cursor: z.string().max(300).optional().meta({ description: 'nextCursor of the request before' }),
  })
  .meta({ id: 'Purge' });
export type PurgeBody = z.output<typeof PurgeBody>;
