import { StoreUnavailableError, type Clock } from '@lovage/ports';

/**
 * The answer, or {@link StoreUnavailableError} when none comes in time. Nobody knows then whether Postgres is away or slow,
 * so the error says no more than that.
 */
export async function withinDeadline<T>(clock: Clock, answer: Promise<T>, deadlineMs: number): Promise<T> {
  let cancelTimer: (() => void) | undefined;
  const late = new Promise<never>((_, reject) => {
    cancelTimer = clock.after(deadlineMs, () =>
      reject(
        new StoreUnavailableError(
          `Postgres has not answered within ${deadlineMs} ms: it is away, or has too much to do`,
        ),
      ),
    );
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    cancelTimer?.();
  }
}
