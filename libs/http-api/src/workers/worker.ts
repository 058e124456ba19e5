import { z } from 'zod';

const time = (description: string) => z.iso.datetime({ precision: 3 }).meta({ description });

/** A live worker as the API shows it. What it did not tell is null. */
export const WorkerDocument = z
  .object({
    id: z.uuid().meta({ description: 'Of this start of it; it changes when its lease was lost' }),
    name: z.string(),
    host: z.string().nullable(),
    pid: z.int().nullable(),
    pool: z.string().nullable(),
    queues: z.array(z.string()),
    contracts: z.array(z.string()).nullable().meta({ description: 'Contracts that it has handlers for' }),
    concurrency: z.int().nullable().meta({ description: 'Tasks that it runs at once' }),
    running: z.int().min(0).meta({ description: 'Tasks that it runs now, by their rows' }),
    startedAt: time('Since when it holds this lease'),
    leaseUntil: time('Not renewed by then, it is taken for dead'),
  })
  .meta({ id: 'Worker' });
export type WorkerDocument = z.output<typeof WorkerDocument>;

export const WorkerList = z
  .object({ items: z.array(WorkerDocument).meta({ description: 'By name' }) })
  .meta({ id: 'WorkerList' });
export type WorkerList = z.output<typeof WorkerList>;
