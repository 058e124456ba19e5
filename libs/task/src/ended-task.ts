import { z } from 'zod';
import { TERMINAL_STATES } from './states.ts';

const time = z.iso.datetime({ offset: true });

/**
 * Input of a contract that is submitted when a task ends (`onFailure`, `onSuccess`): the task as its row says. Fields may be added in
 * later releases, so it is no strict object.
 */
export const endedTask = z.object({
  id: z.uuid(),
  name: z.string().meta({ description: 'Its contract' }),
  queue: z.string(),
  state: z.enum(TERMINAL_STATES),
  attempts: z.int().min(0).meta({ description: 'That were begun, releases and snoozes aside; 0: it never ran' }),
  input: z.unknown().meta({ description: 'As submitted; null when it came as positional arguments, or is omitted' }),
  result: z.unknown().meta({ description: 'Of SUCCESS; null where it is omitted' }),
  error: z
    .looseObject({ type: z.string(), message: z.string() })
    .nullable()
    .meta({ description: 'Why it failed; null: it did not, or nothing is known (EXPIRED)' }),
  omitted: z
    .array(z.enum(['input', 'result']))
    .meta({ description: 'Fields of more than 64 KiB: null here, whole in the task itself' }),
  userId: z.uuid().nullable(),
  tags: z.array(z.string()),
  scheduledFor: time.nullable(),
  createdAt: time,
  finishedAt: time,
});
export type EndedTask = z.output<typeof endedTask>;
