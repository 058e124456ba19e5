import { z } from 'zod';

/** Answer of `GET /api/scaling/{queue}`: numbers alone, as scalers of workers read them. */
export const ScalingDocument = z
  .object({
    queue: z.string(),
    ready: z.int().min(0).meta({
      description:
        'Tasks that a worker could run now, by their rows, and messages beyond those of rows: tasks of `record: final` or `none` have no row while they wait. Delayed tasks, those before a retry and those held by a limit are not counted; a paused queue has none',
    }),
    messages: z.int().min(0).nullable().meta({
      description:
        'Messages that wait with the broker, at all priority levels; null: it does not answer, and `ready` tells rows alone',
    }),
    oldestAgeSeconds: z.number().min(0).meta({
      description: 'How long the oldest task with a row could have run already, retries not counted; 0: there is none',
    }),
    backlogSeconds: z.number().min(0).meta({
      description:
        'How long its workers take for them: `ready` by `drainPerSecond`; while that is not known: how long tasks have waited, at least 1. 0: nothing waits',
    }),
    running: z.int().min(0).meta({
      description:
        'Tasks that run: by their rows, or by the slots that workers of this queue use (whatever runs in them), where that is more',
    }),
    endedPerSecond: z
      .number()
      .min(0)
      .meta({ description: 'Tasks of the queue that ended a second, over the last minute' }),
    drainPerSecond: z.number().min(0).nullable().meta({
      description:
        'Tasks a second that the workers now there end while tasks wait; null: not known, as without workers or before they had ten seconds together',
    }),
    approximate: z.boolean().meta({
      description: 'More than 20,000 tasks are due: of these the oldest are counted, so all numbers are told too low',
    }),
  })
  .meta({ id: 'Scaling' });
export type ScalingDocument = z.output<typeof ScalingDocument>;
