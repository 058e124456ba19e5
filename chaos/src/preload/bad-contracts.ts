import { defineTask } from '@lovage/task';
import { z } from 'zod';

/** What a handler of `chaos.bad` may do. */
export const BAD_DEEDS = [
  ...([
    'declaredCircular',
    'declaredBigint',
    'unreadable',
    'stackObject',
    'messageGetter',
    'nothing',
    'cause',
  ] as const),
  ...([
    'bigintResult',
    'circularResult',
    'mapResult',
    'largeResult',
    'logs',
    'rejection',
    'timer',
    'timerHang',
  ] as const),
] as const;
export type BadDeed = (typeof BAD_DEEDS)[number] | 'good';

const shape = {
  input: z.strictObject({ n: z.int().min(0), ms: z.int().min(0).max(60_000), deed: z.enum(['good', ...BAD_DEEDS]) }),
  output: z.unknown(),
  errors: { Upstream: z.object({ cause: z.unknown() }) },
};

/** Does what its input says. */
export const bad = defineTask({ name: 'chaos.bad', summary: 'Does what its input says', ...shape });
export const badThread = defineTask({
  ...{ name: 'chaos.bad.thread', summary: 'Does what its input says, in a thread', ...shape },
  defaults: { pool: 'thread' },
});
export const badProcess = defineTask({
  ...{ name: 'chaos.bad.process', summary: 'Does what its input says, in a child process', ...shape },
  defaults: { pool: 'process' },
});
export const badBatch = defineTask({
  ...{ name: 'chaos.bad.batch', summary: 'Does what its input says, among others', ...shape },
  defaults: { batch: { size: 10, timeout: '50ms' } },
});
/**
 * Batches in which a timer throws: what the call of a batch handler leaves behind belongs to every task of the batch, so no
 * innocent may be among them.
 */
export const badBatchLater = defineTask({
  ...{ name: 'chaos.bad.batch_later', summary: 'Does what its input says, among its like', ...shape },
  defaults: { batch: { size: 10, timeout: '50ms' } },
});

/** Those that serve each deed, and good tasks beside them. */
export const badContracts = [bad, badThread, badProcess, badBatch];
