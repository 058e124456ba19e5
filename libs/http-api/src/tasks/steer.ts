import { z } from 'zod';
import { SubmitOptionsBody } from './submit.ts';

/** Body of `POST /api/tasks/{id}/revoke`; may be left out. */
export const RevokeBody = z
  .strictObject({
    terminate: z.boolean().default(false).meta({
      description: 'Also a task that runs: it is marked, and does not run again; what it does now may go on',
    }),
    reason: z.string().max(500).optional().meta({ description: 'Kept with the task' }),
  })
  .meta({ id: 'Revoke' });
export type RevokeBody = z.output<typeof RevokeBody>;

/** Body of `POST /api/tasks/{id}/retry`; may be left out. */
export const RetryBody = z
  .strictObject({
    input: z.unknown().optional().meta({ description: 'Left out: that of the task' }),
    options: SubmitOptionsBody.optional().meta({
      description: 'As for a submit. The queue is that of the task, if none is given',
    }),
  })
  .meta({ id: 'Retry' });
export type RetryBody = z.output<typeof RetryBody>;
