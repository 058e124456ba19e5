import { defineTask } from '@lovage/task';
import { z } from 'zod';
import { BURST, CAPPED_AT, RATE } from './limits.ts';

/** Which task of a scenario it is, 0 for the first. */
const n = z.int().min(0);

/** Counts its run, waits, returns its number. */
export const step = defineTask({
  name: 'chaos.step',
  summary: 'Counts its run, waits, returns its number',
  input: z.strictObject({ n, ms: z.int().min(0).max(60_000) }),
  output: z.int(),
});

/** Counts its run, holds the event loop, returns its number. */
export const block = defineTask({
  name: 'chaos.block',
  summary: 'Counts its run, holds the event loop, returns its number',
  input: z.strictObject({ n, ms: z.int().min(0).max(60_000) }),
  output: z.int(),
});

/** Counts its run, takes a core for itself, returns its number. */
export const burn = defineTask({
  name: 'chaos.burn',
  summary: 'Counts its run, takes a core for itself, returns its number',
  input: z.strictObject({ n, ms: z.int().min(0).max(60_000) }),
  output: z.int(),
});

/** Counts its run, waits, and kills the process that it runs in. */
export const poison = defineTask({
  name: 'chaos.poison',
  summary: 'Counts its run, waits, and kills the process that it runs in',
  input: z.strictObject({ n, ms: z.int().min(0).max(60_000) }),
  output: z.int(),
});

/** {@link step}, many at once. */
export const batch = defineTask({
  name: 'chaos.batch',
  summary: 'Counts its run, waits with others, returns its number',
  input: z.strictObject({ n, ms: z.int().min(0).max(60_000) }),
  output: z.int(),
  defaults: { batch: { size: 50, timeout: '50ms' } },
});

/** {@link step}, of which few run at a time for each key: its claims are transactions of several statements. */
export const limited = defineTask({
  name: 'chaos.limited',
  summary: 'Counts its run, waits for its chance, returns its number',
  input: z.strictObject({ n, ms: z.int().min(0).max(60_000) }),
  output: z.int(),
  defaults: { concurrency: { key: (input) => String(input.n % 10), limit: 10 } },
});

/** {@link step}, of which so many start in a second. */
export const rated = defineTask({
  name: 'chaos.rated',
  summary: 'Counts its run, waits, returns its number; few start in a second',
  input: z.strictObject({ n, ms: z.int().min(0).max(60_000) }),
  output: z.int(),
  defaults: { rateLimit: { rate: `${RATE}/s`, burst: BURST } },
});

/** {@link step}, of which most wait for one of few slots. */
export const capped = defineTask({
  name: 'chaos.capped',
  summary: 'Counts its run, waits, returns its number; few run at once',
  input: z.strictObject({ n, ms: z.int().min(0).max(60_000) }),
  output: z.int(),
  defaults: { concurrency: { key: (input) => String(Math.floor(input.n / 4) % 5), limit: CAPPED_AT } },
});

export const chaosContracts = [step, block, burn, poison, batch, limited, rated, capped];
