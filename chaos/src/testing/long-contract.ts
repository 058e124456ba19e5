import { defineTask } from '@lovage/task';
import { z } from 'zod';

/** Waits, whatever its signal says; how often it was run is counted. */
export const long = defineTask({
  name: 'chaos.long',
  input: z.strictObject({ ms: z.int().min(0) }),
  output: z.null(),
  defaults: { ack: 'claim', queue: 'long' },
});

/** The same, acked at its end. */
export const longLate = defineTask({ ...definitionOf(long), name: 'chaos.long_late', defaults: { queue: 'long' } });

function definitionOf({ input, output }: typeof long) {
  return { input, output };
}
