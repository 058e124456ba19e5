import { TASK_STATES } from '@lovage/task';
import { z } from 'zod';
import { pageLimit } from '../tasks/list.ts';
import { PositiveDuration, SubmitOptionsBody } from '../tasks/submit.ts';

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
    enabled: z.boolean().meta({ description: 'As it is stated; else it fires by hand alone' }),
    paused: z
      .object({
        at: time('Since when'),
        actor: z.uuid().nullable().meta({ description: 'Id of the user who paused it' }),
      })
      .nullable()
      .meta({ description: 'null: it is not paused' }),
    nextFirings: z.array(z.iso.datetime({ precision: 3 })).meta({
      description: 'The next five; none while it is paused, not enabled, or of code that no running beat has',
    }),
    lastFiring: FiringDocument.pick({ dueAt: true, firedAt: true, taskId: true }).nullable(),
    source: z.enum(['code', 'api']).meta({
      description:
        'Who states it. code: beats, and those fire it; api: people, by POST /api/schedules: every beat that has its contract fires it',
    }),
    revision: z.int().meta({ description: 'Rises with each change of what it is, not with a pause' }),
    stated: z
      .boolean()
      .meta({ description: 'A beat whose code has it so was seen within a minute: else nobody fires one of the code' }),
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

/** Longest JSON text of the input of a schedule that people make: each beat reads all schedules every second. */
export const MAX_SCHEDULE_INPUT = 16_384;
/** So many schedules of people at most, for the same reason. */
export const MAX_SCHEDULES = 1_000;

const NAME_RULE = 'lower case words with dots between them, such as reports.daily, at most 100 characters';
const CATCH_UP_RULE = 'must be "skip", "latest" or { "all": n } with n from 1 to 1000';

const stated = {
  contract: z.string().min(1).max(200).meta({ description: 'What to run' }),
  input: z
    .unknown()
    .optional()
    .meta({
      description: `What to run it with, as the contract says; left out: {}. At most ${MAX_SCHEDULE_INPUT} characters`,
    }),
  cron: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({
      description: 'Five fields, or six with seconds first; @daily and its kin. Either this or `every`',
      examples: ['0 7 * * MON-FRI'],
    }),
  timeZone: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'IANA name of the zone whose wall clock the pattern means. Left out: UTC' }),
  every: PositiveDuration.optional().meta({
    description: 'An interval from one second to 366 days, counted from 1970-01-01T00:00:00Z. Either this or `cron`',
  }),
  catchUp: z
    .union([z.enum(['skip', 'latest']), z.strictObject({ all: z.int().min(1).max(1000) })], { error: CATCH_UP_RULE })
    .optional()
    .meta({ description: 'What becomes of missed moments. Left out: latest' }),
  enabled: z.boolean().optional().meta({ description: 'false: it fires by hand alone. Left out: true' }),
  options: SubmitOptionsBody.pick({
    ...{ queue: true, priority: true, timeLimit: true, softTimeLimit: true, unique: true },
  })
    .extend({
      expires: PositiveDuration.optional().meta({
        description: 'A task that has not started so long after it fired becomes EXPIRED',
      }),
    })
    .meta({ id: 'ScheduleOptions' })
    .optional()
    .meta({ description: 'How its tasks are sent; what is left out is as the contract says' }),
};

/** Body of `POST /api/schedules`. */
export const ScheduleBody = z
  .strictObject({
    name: z
      .string()
      .max(100, { error: `must be ${NAME_RULE}` })
      .regex(/^[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)*$/, { error: `must be ${NAME_RULE}` })
      .meta({ description: NAME_RULE, examples: ['reports.daily'] }),
    ...stated,
  })
  .meta({ id: 'NewSchedule' });
export type ScheduleBody = z.output<typeof ScheduleBody>;

/** Body of `PATCH /api/schedules/{name}`: what is left out stays; `cron` takes the place of `every`, and the other way round. */
export const SchedulePatchBody = z
  .strictObject({
    ...stated,
    contract: stated.contract.optional(),
    input: z.unknown().optional().meta({ description: 'Left out: as it is' }),
    options: stated.options.meta({ description: 'Takes the place of all options; left out: as they are' }),
    revision: z.int().optional().meta({
      description: '`revision` of the schedule that was read: 409 schedule_changed when it is another by now',
    }),
  })
  .meta({ id: 'SchedulePatch' });
export type SchedulePatchBody = z.output<typeof SchedulePatchBody>;

/** Body of `POST /api/schedules/check`: what `POST /api/schedules` would be given, right or not. */
export const ScheduleCheckBody = z
  .looseObject({})
  .meta({ id: 'ScheduleCheckBody', description: 'As NewSchedule, right or not' });

/** Answer of `POST /api/schedules/check`. */
export const ScheduleCheckDocument = z
  .object({
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .meta({ description: 'What POST /api/schedules would refuse, such as `input.x`; none: it would be accepted' }),
    nextFirings: z
      .array(z.iso.datetime({ precision: 3 }))
      .meta({ description: 'The next five moments of the pattern or interval, where it can be read' }),
  })
  .meta({ id: 'ScheduleCheck' });
export type ScheduleCheckDocument = z.output<typeof ScheduleCheckDocument>;
