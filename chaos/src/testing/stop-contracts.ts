import { defineTask, type PoolKind } from '@lovage/task';
import { z } from 'zod';

/** How a handler meets the end of its worker: done in time, ended by its signal, or deaf to it. */
export const MANNERS = ['prompt', 'polite', 'deaf'] as const;
export type Manner = (typeof MANNERS)[number];

/** Folder in which files say what handlers wait for: `prompt` ends those that are, `all` every one. */
export const GATES_VARIABLE = 'LOVAGE_CHAOS_GATES';

const of = <Pool extends PoolKind>(pool: Pool) =>
  defineTask({
    name: `chaos.stop.${pool}`,
    input: z.strictObject({ manner: z.enum(MANNERS) }),
    output: z.enum(MANNERS),
    defaults: { pool },
  });
export const stopContracts = { async: of('async'), thread: of('thread'), process: of('process') };
