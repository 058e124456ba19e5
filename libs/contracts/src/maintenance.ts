import { defineTask } from '@lovage/task';
import { z } from 'zod';

const count = (description: string) => z.int().min(0).meta({ description });

export const pruneResults = defineTask({
  name: 'maintenance.prune_results',
  summary: 'Deletes what is past its retention',
  description:
    'Tasks that ended longer ago than their contract or the worker’s settings keep them, with all that belongs to them; firings of schedules older than `RESULT_RETENTION`; dead letters older than `DEAD_LETTER_RETENTION`. In small batches, the oldest first; what is left when its time is up, the next run deletes.',
  input: z.strictObject({}).meta({ examples: [{}] }),
  output: z
    .strictObject({
      tasks: count('Tasks deleted.'),
      attempts: count('Attempts deleted with them.'),
      firings: count('Firings deleted.'),
      deadLetters: count('Dead letters deleted.'),
      complete: z.boolean().meta({ description: 'Whether nothing was left to delete.' }),
    })
    .meta({ examples: [{ tasks: 1200, attempts: 3, firings: 24, deadLetters: 2, complete: true }] }),
  progress: z.strictObject({ tasks: count('Tasks deleted so far.') }),
  // One that waited for longer has nothing to do that the next would not do.
  defaults: { softTimeLimit: '20m', timeLimit: '25m', expires: '1h' },
});
