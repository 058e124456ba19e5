import type { LauncherOutput } from './output.ts';

/** People who see nothing for longer take a start for hung, ms. */
export const STILL_EVERY_MS = 10_000;

/**
 * Awaits a step of the start, however long it takes, and says every ten seconds that it goes on.
 * @param what it does now, as in "still …": asked each time.
 */
export async function still<T>(
  output: LauncherOutput,
  what: () => string,
  step: Promise<T>,
  everyMs = STILL_EVERY_MS,
): Promise<T> {
  const startedAt = performance.now();
  const timer = setInterval(() => {
    output.say(`still ${what()} (${((performance.now() - startedAt) / 1000).toFixed(0)} s)`);
  }, everyMs);
  try {
    return await step;
  } finally {
    clearInterval(timer);
  }
}
