import { setTimeout as sleep } from 'node:timers/promises';
import { toError } from '@lovage/foundation';

export interface EventuallyOptions {
  /** Default 30000: only a failure waits so long, and a busy machine takes its time. */
  readonly timeoutMs?: number;
  /** Default 20. */
  readonly everyMs?: number;
}

/**
 * Calls `check` until it neither throws nor rejects nor gives `false` or `undefined`, and resolves with what it gave.
 * For what no event tells; where there is a signal to wait for, wait for that.
 * @throws Error when time is up, with the last failure as its cause.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<Exclude<T, false | undefined>> {
  const { timeoutMs = 30_000, everyMs = 20 } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let failure: Error;
    try {
      const value = await check();
      if (value !== false && value !== undefined) return value as Exclude<T, false | undefined>;
      failure = new Error(`the check gave ${String(value)}`);
    } catch (error) {
      failure = toError(error);
    }
    if (performance.now() > deadline)
      throw new Error(`not so within ${timeoutMs} ms: ${failure.message}`, { cause: failure });
    await sleep(everyMs);
  }
}
