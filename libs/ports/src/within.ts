import type { Clock } from './clock.ts';

/** Whether a promise is fulfilled within so many ms; rejects where it rejects in time. It goes on, and what it throws later is nobody's. */
export async function isDoneWithin(
  clock: Pick<Clock, 'after'>,
  ms: number,
  promise: Promise<unknown>,
): Promise<boolean> {
  let cancelTimer: (() => void) | undefined;
  const late = new Promise<false>((resolve) => {
    cancelTimer = clock.after(ms, () => resolve(false));
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    cancelTimer?.();
  }
}

/** What a promise gives. @throws what `late` makes, when that takes longer than so many ms. */
export async function within<T>(
  clock: Pick<Clock, 'after'>,
  ms: number,
  promise: Promise<T>,
  late: () => Error,
): Promise<T> {
  if (await isDoneWithin(clock, ms, promise)) return promise;
  throw late();
}
