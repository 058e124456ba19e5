import { TASK_STATES } from '@lovage/task';
import { z } from 'zod';
import { TaskErrorDocument } from './task-document.ts';

/** An execution of a task. */
export const AttemptDocument = z
  .object({
    outcome: z.enum(['RETRY', 'SNOOZED', 'RELEASED', 'CRASHED', 'LOST', ...TASK_STATES]).meta({
      description:
        'RETRY: failed, with another attempt to come. SNOOZED: asked to run again later. RELEASED: released by a worker that stopped. CRASHED: the child that ran it died. LOST: its worker died. Of the last one: the state of the task',
    }),
    worker: z.string().nullable().meta({ description: 'Name of the worker; null when it is long gone' }),
    error: TaskErrorDocument.nullable(),
    startedAt: z.iso.datetime({ precision: 3 }).nullable(),
    endedAt: z.iso.datetime({ precision: 3 }).nullable().meta({ description: 'null: it runs' }),
  })
  .meta({ id: 'Attempt' });
export type AttemptDocument = z.output<typeof AttemptDocument>;

/** Answer of `GET /api/tasks/{id}/attempts`. */
export const AttemptList = z
  .object({
    items: z.array(AttemptDocument).meta({ description: 'Oldest first; of more than 1,000 the newest' }),
    steps: z.array(z.object({ key: z.string(), at: z.iso.datetime({ precision: 3 }) })).meta({
      description: 'What the handler has done with task.once, oldest first: no further attempt does it again',
    }),
  })
  .meta({ id: 'AttemptList' });
export type AttemptList = z.output<typeof AttemptList>;
