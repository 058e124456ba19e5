import { z } from 'zod';
import { pageLimit } from './list.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** Query of `GET /api/tasks/{id}/logs`. */
export const TaskLogQuery = z.strictObject({
  level: z
    .enum(LEVELS, { error: `must be one of ${LEVELS.join(', ')}` })
    .optional()
    .meta({ description: 'Least level' }),
  limit: pageLimit(1000, 100).meta({ description: 'Lines of one page: 1 to 1000' }),
  cursor: z.string().max(300).optional().meta({ description: 'nextCursor of the page before' }),
});
export type TaskLogQuery = z.output<typeof TaskLogQuery>;

/** A line that the handler of a task logged. */
export const TaskLogLine = z
  .object({
    no: z.int().min(1).meta({ description: 'From 1 on for each task' }),
    attempt: z.int().min(1),
    at: z.iso.datetime({ precision: 3 }).meta({ description: 'By the worker’s clock' }),
    level: z.enum(LEVELS),
    message: z.string(),
    fields: z.unknown().meta({ description: 'What was logged besides, or null' }),
  })
  .meta({ id: 'TaskLogLine' });
export type TaskLogLine = z.output<typeof TaskLogLine>;

/** Answer of `GET /api/tasks/{id}/logs`. */
export const TaskLogList = z
  .object({
    items: z.array(TaskLogLine).meta({ description: 'Oldest first. Of a task the first 1,000 lines are kept' }),
    nextCursor: z.string().nullable().meta({ description: 'null: there are no more lines yet' }),
  })
  .meta({ id: 'TaskLogList' });
export type TaskLogList = z.output<typeof TaskLogList>;
