import { TASK_STATES, type TaskErrorCause as Cause } from '@lovage/task';
import { z } from 'zod';

const time = (description: string) =>
  z.iso.datetime({ precision: 3 }).nullable().meta({ description, example: '2026-11-21T09:30:00.000Z' });
const id = (description: string) => z.uuid().nullable().meta({ description });

/** What led to an error. */
export const TaskErrorCause: z.ZodType<Cause> = z
  .lazy(() =>
    z.object({
      type: z.string(),
      message: z.string().meta({ description: 'At most 1,024 characters' }),
      code: z.union([z.string(), z.number()]).optional(),
      cause: TaskErrorCause.optional(),
      errors: z.array(TaskErrorCause).optional(),
      stack: z.string().optional().meta({ description: 'At most 2,048 characters' }),
    }),
  )
  .meta({ id: 'TaskErrorCause' }) as z.ZodType<Cause>;

/** Why a task failed. */
export const TaskErrorDocument = z
  .object({
    type: z.string().meta({
      description: 'Name of the declared error, or of the error’s class. At most 200 characters',
    }),
    message: z.string().meta({ description: 'At most 8,192 characters' }),
    code: z.union([z.string(), z.number()]).optional().meta({
      description: 'The error’s own code, such as ECONNREFUSED',
    }),
    cause: TaskErrorCause.optional().meta({ description: 'What led to it. Of causes of causes the first five' }),
    errors: z.array(TaskErrorCause).optional().meta({
      description: 'Those that it stands for (AggregateError). The first ten',
    }),
    data: z.unknown().optional().meta({
      description: 'Of a declared error: its data. Of a cancelled task (`Revoked`): `actor`, `reason` and `at`',
    }),
    stack: z.string().optional().meta({ description: 'At most 8,192 characters' }),
  })
  .meta({ id: 'TaskError' });

/** Errors of a task's code that nobody caught. */
const EscapedErrors = z
  .object({
    count: z.int().min(1),
    last: z.object({
      kind: z.enum(['rejection', 'exception']).meta({
        description: 'Of a promise that nobody awaits; or thrown by a timer, a callback, an event without a listener',
      }),
      at: z.iso.datetime({ precision: 3 }),
      attempt: z.int().min(1),
      error: TaskErrorDocument,
    }),
  })
  .meta({ id: 'EscapedErrors' });

/** A task as the API shows it. Every field is always there: what does not apply is null. */
export const TaskDocument = z
  .object({
    id: z.uuid(),
    name: z.string().meta({ description: 'Its contract' }),
    queue: z.string(),
    priority: z.int().min(0).max(255).nullable().meta({
      description: 'From 0 to 9, higher is more urgent; null: none, as 4. Celery programs may state more than 9',
    }),
    state: z.enum(TASK_STATES),
    input: z.unknown().meta({ description: 'As submitted; null when it came as positional arguments' }),
    result: z.unknown().meta({ description: 'Of SUCCESS; else null' }),
    error: TaskErrorDocument.nullable(),
    escaped: EscapedErrors.nullable().meta({
      description: 'Errors of its code that nobody caught, however it ended: how many, and the last; null: none',
    }),
    progress: z.unknown().meta({ description: 'Latest that the handler reported, or null' }),
    attempt: z.int().min(0).meta({ description: 'Number of the current or latest attempt; 0 before the first' }),
    retries: z.int().min(0).meta({ description: 'Attempts that failed and were followed by another' }),
    worker: z.string().nullable().meta({ description: 'Name of the worker that runs it or ran it last' }),
    eta: time('Not before'),
    expiresAt: time('Not started by then: EXPIRED'),
    createdAt: z.iso.datetime({ precision: 3 }).meta({ example: '2026-11-21T09:30:00.000Z' }),
    startedAt: time('Start of the current or latest attempt'),
    finishedAt: time('When it became terminal'),
    parentId: id('The task that submitted this one'),
    rootId: id('First task of its family'),
    retriedFrom: id('The ended task that this one runs again'),
    user: id('Who submitted it'),
    tags: z
      .array(z.string())
      .meta({ description: 'By which it is found: given at the submit, or taken from the input' }),
    scheduledFor: time('The moment of the schedule that made it; null: none did'),
  })
  .meta({ id: 'Task', description: 'A task. Every field is always there: what does not apply is null.' });
export type TaskDocument = z.infer<typeof TaskDocument>;
