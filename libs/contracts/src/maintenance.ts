import { defineTask } from '@lovage/task';
import { z } from 'zod';

/** Of what runs each hour: one that waited for longer has nothing to do that the next would not do. */
const HOUR = { softTimeLimit: '20m', timeLimit: '25m', expires: '1h' } as const;

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
  defaults: HOUR,
});

export const sweepFiles = defineTask({
  name: 'maintenance.sweep_files',
  summary: 'Counts files, and deletes what is past its age',
  description:
    'Files under `DATA_DIR/files` that nobody uploaded, such as those of tasks, are counted from now on. With `FILES_RETENTION`, files that were written longer ago are deleted, unless a task that has not ended names them.',
  input: z.strictObject({}).meta({ examples: [{}] }),
  output: z
    .strictObject({
      files: count('Files that were looked at.'),
      adopted: count('Of them those that were not counted before.'),
      deleted: count('Files deleted for their age.'),
      kept: count('Past their age, but named by a task that has not ended.'),
      lost: count('Records of files that are gone, and of uploads that broke off, deleted.'),
      complete: z.boolean().meta({ description: 'Whether all was looked at in time.' }),
    })
    .meta({ examples: [{ files: 120, adopted: 3, deleted: 24, kept: 1, lost: 0, complete: true }] }),
  progress: z.strictObject({ files: count('Files looked at so far.') }),
  defaults: HOUR,
});
