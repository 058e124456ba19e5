import { StoreUnavailableError, within, type Clock } from '@lovage/ports';

/**
 * The answer, or {@link StoreUnavailableError} when none comes in time. Nobody knows then whether Postgres is away or slow,
 * so the error says no more than that.
 */
export function withinDeadline<T>(clock: Clock, answer: Promise<T>, deadlineMs: number): Promise<T> {
  const late = (): Error =>
    new StoreUnavailableError(`Postgres has not answered within ${deadlineMs} ms: it is away, or has too much to do`);
  return within(clock, deadlineMs, answer, late);
}
