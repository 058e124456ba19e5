import { TASK_STATES } from '@lovage/task';
import { z } from 'zod';
import { pageLimit } from '../tasks/list.ts';

const time = (description: string) => z.iso.datetime({ precision: 3 }).meta({ description });
const duration = z.union([z.number(), z.string()]).nullable();

/** A firing as the API shows it. */
export const FiringDocument = z
  .object({
    dueAt: time('The moment of the schedule; of a manual one: when it was asked for'),
    trigger: z.enum(['schedule', 'manual']),
    firedAt: time('When it fired'),
    taskId: z.uuid().meta({ description: 'The task that it became; deleted by age as any other' }),
  })
  .meta({ id: 'Firing' });
export type FiringDocument = z.output<typeof FiringDocument>;

/** A firing with what became of its task. */
export const PastFiringDocument = FiringDocument.extend({
  task: z
    .object({
      state: z.enum(TASK_STATES),
      startedAt: time('Of its latest attempt').nullable(),
      finishedAt: time('When it ended').nullable(),
    })
    .nullable()
    .meta({ description: 'null: it was deleted by age' }),
}).meta({ id: 'PastFiring' });
export type PastFiringDocument = z.output<typeof PastFiringDocument>;

/** A schedule as the API shows it. Every field is always there: what does not apply is null. */
export const ScheduleDocument = z
  .object({
    name: z.string(),
    contract: z.string().meta({ description: 'What it runs' }),
    input: z.unknown(),
    cron: z.string().nullable(),
    timeZone: z.string().nullable().meta({ description: 'Whose wall clock the pattern means' }),
    every: z.number().nullable().meta({ description: 'Interval in seconds, counted from 1970-01-01T00:00:00Z' }),
    catchUp: z
      .union([z.enum(['skip', 'latest']), z.object({ all: z.int() })])
      .meta({ description: 'What becomes of moments that were missed' }),
    options: z.object({
      queue: z.string().nullable(),
      expires: duration,
      timeLimit: duration,
      softTimeLimit: duration,
      priority: z.int().nullable(),
      unique: z
        .union([z.boolean(), z.record(z.string(), z.unknown())])
        .nullable()
        .meta({
          description: 'Whether its tasks must be unique, or the rule (UniqueRule); null: as the contract says',
        }),
    }),
    enabled: z.boolean().meta({ description: 'As the code says' }),
    paused: z
      .object({
        at: time('Since when'),
        actor: z.uuid().nullable().meta({ description: 'Id of the user who paused it' }),
      })
      .nullable()
      .meta({ description: 'null: it is not paused' }),
    nextFirings: z
      .array(z.iso.datetime({ precision: 3 }))
      .meta({ description: 'The next five; none while it is paused, not enabled or not stated' }),
    lastFiring: FiringDocument.pick({ dueAt: true, firedAt: true, taskId: true }).nullable(),
    stated: z
      .boolean()
      .meta({ description: 'A beat whose code has it so was seen within a minute: else nobody fires it' }),
    seenAt: time('When such a beat was last seen').nullable(),
    updatedAt: time('When it was last changed, paused or resumed'),
  })
  .meta({ id: 'Schedule' });
export type ScheduleDocument = z.output<typeof ScheduleDocument>;

export const ScheduleList = z.object({ items: z.array(ScheduleDocument) }).meta({ id: 'ScheduleList' });
export type ScheduleList = z.output<typeof ScheduleList>;

export const FiringList = z
  .object({
    items: z.array(PastFiringDocument),
    nextCursor: z.string().nullable().meta({ description: 'For `cursor` of the next page; null: no more' }),
  })
  .meta({ id: 'FiringList' });
export type FiringList = z.output<typeof FiringList>;

/** Query of `GET /api/schedules/{name}/firings`. */
export const FiringListQuery = z.strictObject({
  limit: pageLimit(200, 50).meta({ description: 'Firings of one page: 1 to 200' }),
  cursor: z.string().max(100).optional().meta({ description: '`nextCursor` of the page before' }),
});
