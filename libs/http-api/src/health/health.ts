import { z } from 'zod';

/** Answer of `GET /health/live`: the process answers. */
export const LiveDocument = z.object({ status: z.literal('live') }).meta({ id: 'Live' });
export type LiveDocument = z.output<typeof LiveDocument>;

/** Answer of `GET /health/ready`. */
export const ReadyDocument = z
  .object({
    status: z.enum(['ready', 'not_ready', 'stopping']),
    postgres: z.enum(['up', 'down']).meta({ description: 'Decides: without it nothing can be served' }),
    broker: z
      .enum(['up', 'down', 'blocked'])
      .meta({ description: 'Told only: while it is away tasks are accepted and sent later' }),
  })
  .meta({ id: 'Ready' });
export type ReadyDocument = z.output<typeof ReadyDocument>;
