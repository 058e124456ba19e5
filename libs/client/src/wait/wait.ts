import type { Clock, TaskRow } from '@lovage/ports';
import { ClientStoppedError, ResultTimeoutError, TaskUnknownError } from '../errors.ts';
import type { TaskOutcome } from './outcome.ts';
import type { WatchList } from './watch-list.ts';

export interface WaitOptions {
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly plan: readonly number[];
  /** Reject with {@link TaskUnknownError} when there is no row: for an id that did not come from a submit here. */
  readonly mustExist: boolean;
}

export interface EndedOutcome {
  readonly outcome: TaskOutcome;
  readonly row: TaskRow | undefined;
}

/** A wait that has begun. */
export interface Waiting {
  readonly ended: Promise<EndedOutcome>;
  /** Gives it up; `ended` rejects with `reason`. */
  cancel(reason: unknown): void;
}

/**
 * Waits for the end of a task, from now on. `ended` rejects with {@link ResultTimeoutError}, {@link TaskUnknownError},
 * {@link ClientStoppedError} or the signal's reason. However it settles, nothing of it stays behind.
 */
export function waitFor(watches: WatchList, clock: Clock, id: string, options: WaitOptions): Waiting {
  const { timeoutMs, signal } = options;
  // Until the wait has begun there is nothing to give up.
  let cancel: (reason: unknown) => void = () => undefined;
  const ended = new Promise<EndedOutcome>((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const release = () => {
      cancelTimer?.();
      signal?.removeEventListener('abort', onAbort);
    };
    const fail = (error: unknown) => {
      watches.remove(watch);
      release();
      reject(error);
    };
    const onAbort = () => fail(signal!.reason);
    const watch = watches.add(id, {
      plan: options.plan,
      onOutcome: (outcome, row) => {
        release();
        resolve({ outcome, row });
      },
      onUnknown: options.mustExist ? () => fail(new TaskUnknownError(id)) : undefined,
      onStop: () => fail(new ClientStoppedError(id)),
    });
    const cancelTimer =
      timeoutMs === undefined ? undefined : clock.after(timeoutMs, () => fail(new ResultTimeoutError(id, timeoutMs)));
    signal?.addEventListener('abort', onAbort, { once: true });
    cancel = fail;
  });
  return { ended, cancel };
}
