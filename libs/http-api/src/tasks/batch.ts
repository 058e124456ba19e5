import { z } from 'zod';
import { ProblemDocument } from '../problem/problem-document.ts';
import { SubmitByNameBody } from './submit.ts';
import { TaskDocument } from './task-document.ts';

/** Tasks of one batch, at most. */
export const MAX_BATCH = 1_000;

/** Body of `POST /api/tasks/batch`. Each task is read on its own, so that one that does not fit harms no other. */
export const BatchBody = z
  .strictObject({
    tasks: z
      .array(z.unknown())
      .min(1)
      .max(MAX_BATCH)
      .meta({ description: 'Each as for POST /api/tasks: { name, input, options? }. At most 1,000' }),
  })
  .meta({ id: 'Batch' });
export type BatchBody = z.output<typeof BatchBody>;

/** One task of a batch. */
export const BatchItem = SubmitByNameBody;

/** What became of one task of a batch. */
export const BatchItemOutcome = z
  .union([
    z.object({
      status: z.literal(202),
      task: TaskDocument,
      existing: z.literal('unique').optional().meta({
        description: 'The task was there before: it is the same work, and conflicts',
      }),
    }),
    z.object({ status: z.int(), problem: ProblemDocument }),
  ])
  .meta({ id: 'BatchOutcome' });
export type BatchItemOutcome = z.output<typeof BatchItemOutcome>;

/** Answer of `POST /api/tasks/batch`. */
export const BatchAnswer = z
  .object({ items: z.array(BatchItemOutcome).meta({ description: 'In the order of the tasks sent' }) })
  .meta({ id: 'BatchAnswer' });
export type BatchAnswer = z.output<typeof BatchAnswer>;
