import { z } from 'zod';

const time = z.iso.datetime({ precision: 3 });

/** Answer of `GET /api/platform`: what is there besides tasks, queues and workers, and whether it does its work. */
export const PlatformDocument = z
  .object({
    broker: z.enum(['up', 'down', 'blocked']).meta({
      description: 'As this gateway sees it. blocked: it takes no messages, for it is short of memory or disk',
    }),
    outbox: z
      .object({
        due: z.int().min(0).meta({ description: 'Messages that are due and not sent yet, counted up to 20,000' }),
        lagSeconds: z.number().min(0).meta({ description: 'For how long the first of them has been due' }),
      })
      .meta({
        description: 'Messages that a beat sends. A lag of more than some seconds: no beat runs, or the broker is away',
      }),
    beats: z
      .array(
        z.object({
          host: z.string(),
          pid: z.int(),
          startedAt: time,
          seenAt: time.meta({ description: 'It tells every 5 s that it runs' }),
          alive: z.boolean().meta({ description: 'It was seen within 20 s' }),
        }),
      )
      .meta({
        description:
          'Beats seen within a day, the latest first; one that was stopped is not among them. None alive: nothing fires, no delay ends, no lost task is found',
      }),
    workers: z.int().min(0).meta({ description: 'Workers whose lease runs' }),
    deadLetters: z
      .array(z.object({ reason: z.string(), n: z.int().min(1) }))
      .meta({ description: 'Dead letters that have not become tasks again, of the newest 20,000, by reason' }),
  })
  .meta({ id: 'Platform' });
export type PlatformDocument = z.output<typeof PlatformDocument>;
