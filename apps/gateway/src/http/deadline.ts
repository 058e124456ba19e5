import { StoreUnavailableError, type Clock } from '@lovage/ports';

/** Longest wait for one answer of Postgres, ms: longer than any healthy one, shorter than people wait. */
const STORE_DEADLINE_MS = 5_000;

/**
 * The query's answer, or {@link StoreUnavailableError} when none comes in time: a connection whose peer has vanished
 * tells nothing for minutes. Nobody knows then whether Postgres is away or slow, so the error says no more than that.
 */
export async function withinDeadline<T>(clock: Clock, query: Promise<T>, deadlineMs = STORE_DEADLINE_MS): Promise<T> {
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
    return await Promise.race([query, late]);
  } finally {
    cancelTimer?.();
  }
}
