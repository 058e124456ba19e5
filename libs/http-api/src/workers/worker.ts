import { TASK_STATES } from '@lovage/task';
import { z } from 'zod';
import { pageLimit } from '../tasks/list.ts';

const time = (description: string) => z.iso.datetime({ precision: 3 }).meta({ description });

/** What a worker may be. */
export const WORKER_STATUSES = ['live', 'stopping', 'dead', 'stopped'] as const;
export type WorkerStatus = (typeof WORKER_STATUSES)[number];

/** Why a worker is taken for dead. */
export const DEATH_CODES = [
  'lease_ended',
  'lease_ended_stopping',
  'lease_taken_anew',
  'removed',
  'heartbeat_missed',
] as const;
export type DeathCode = (typeof DEATH_CODES)[number];

/** A contract as a worker serves it. */
export const ServedContractDocument = z
  .object({
    name: z.string(),
    version: z.int().min(1),
    fingerprint: z.string().nullable().meta({ description: 'Of its input schema' }),
  })
  .meta({ id: 'ServedContract' });
export type ServedContractDocument = z.output<typeof ServedContractDocument>;

/** How the process of a worker does, as it told with a renewal of its lease. What it did not tell is null. */
export const WorkerVitals = z
  .object({
    slots: z.int().min(0).nullable().meta({ description: 'Tasks that may run at once, in the pools that it uses' }),
    slotsUsed: z.int().min(0).nullable().meta({ description: 'Of them those taken; a batch takes one' }),
    waiting: z.int().min(0).nullable().meta({ description: 'Tasks that it holds and that wait for a slot' }),
    cpu: z.number().min(0).nullable().meta({ description: 'Cores that its process used: 0.5 is half of one' }),
    memoryMb: z.int().min(0).nullable().meta({ description: 'Resident memory of its process, MiB' }),
    eventLoopDelayMs: z.number().min(0).nullable().meta({
      description:
        'How late its event loop was at most since the renewal before; of a blocked one, for how long so far',
    }),
    eventLoopUse: z.number().min(0).max(1).nullable().meta({ description: 'Share of the time that the loop was busy' }),
  })
  .meta({ id: 'WorkerVitals', description: 'Of the process alone, without its children' });
export type WorkerVitals = z.output<typeof WorkerVitals>;

/** A worker as the API shows it. What it did not tell is null. */
export const WorkerDocument = z
  .object({
    id: z.uuid().meta({ description: 'Of this start of it; it changes when its lease was lost' }),
    kind: z.enum(['lovage', 'celery']).meta({
      description: 'celery: a worker of Celery, as its events tell of it; what it runs is what was seen in them',
    }),
    name: z.string(),
    status: z.enum(WORKER_STATUSES).meta({
      description:
        'live; stopping: it was asked to stop and runs what it has; dead: it no longer renews its lease; stopped: it ended by itself',
    }),
    death: z
      .object({ code: z.enum(DEATH_CODES), detail: z.string().meta({ description: 'For people' }) })
      .nullable()
      .meta({ description: 'Why it is taken for dead; null: it is not' }),
    host: z.string().nullable(),
    pid: z.int().nullable(),
    pool: z.string().nullable(),
    queues: z.array(z.string()),
    contracts: z.array(z.string()).nullable().meta({ description: 'Contracts that it has handlers for' }),
    serves: z.array(ServedContractDocument).nullable().meta({ description: 'The same with their versions' }),
    concurrency: z.int().nullable().meta({ description: 'Slots: tasks that it runs at once' }),
    running: z.int().min(0).meta({ description: 'Tasks that it runs now, by their rows' }),
    oldestRunningAt: time('Since when it runs the one that it has run longest; null: none').nullable(),
    vitals: WorkerVitals,
    startedAt: time('Since when it holds this lease'),
    seenAt: time('When it renewed its lease last; null: a worker of an older release').nullable(),
    leaseUntil: time('Not renewed by then, it is taken for dead'),
    goneAt: time('When its row was removed; null: it is still there').nullable(),
    held: z.int().min(0).nullable().meta({ description: 'Tasks that it held when it was taken for dead' }),
  })
  .meta({ id: 'Worker' });
export type WorkerDocument = z.output<typeof WorkerDocument>;

const Statuses = z
  .union([z.string().max(200), z.array(z.string().max(200)).max(20)])
  .transform((given) => [given].flat().flatMap((part) => part.split(',')))
  .pipe(z.array(z.enum(WORKER_STATUSES, { error: `must be of ${WORKER_STATUSES.join(', ')}` })).max(20))
  .transform((statuses): WorkerStatus[] => [...new Set(statuses)]);

/** Query of `GET /api/workers`. */
export const WorkerListQuery = z.strictObject({
  status: Statuses.default(['live', 'stopping']).meta({
    description: 'One or several, separated by commas or repeated. Default: live,stopping',
  }),
});
export type WorkerListQuery = z.output<typeof WorkerListQuery>;

export const WorkerList = z
  .object({
    items: z.array(WorkerDocument).meta({ description: 'By name, at most 1000; those that are gone after them' }),
  })
  .meta({ id: 'WorkerList' });
export type WorkerList = z.output<typeof WorkerList>;

/** A task that a worker runs. */
export const RunningTask = z
  .object({
    id: z.string().meta({ description: 'As in GET /api/tasks/{id}' }),
    name: z.string(),
    queue: z.string(),
    state: z.enum(TASK_STATES),
    attempt: z.int().min(1),
    startedAt: time('Of this attempt').nullable(),
    seconds: z.number().min(0).nullable().meta({ description: 'For how long it has run' }),
  })
  .meta({ id: 'RunningTask' });
export type RunningTask = z.output<typeof RunningTask>;

/** Query of `GET /api/workers/{name}`. */
export const WorkerQuery = z.strictObject({
  limit: pageLimit(1000, 200).meta({ description: 'Most running tasks that are told: 1 to 1000' }),
});
export type WorkerQuery = z.output<typeof WorkerQuery>;

/** Answer of `GET /api/workers/{name}`. */
export const WorkerDetail = WorkerDocument.extend({
  tasks: z.array(RunningTask).meta({ description: 'That it runs now: the one that has run longest first' }),
  earlier: z.array(WorkerDocument).meta({
    description: 'Others of this name, the newest first, at most 20: they run too, or have gone within a day',
  }),
}).meta({ id: 'WorkerDetail' });
export type WorkerDetail = z.output<typeof WorkerDetail>;
