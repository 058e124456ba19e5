/** How the wait grows from one retry to the next. */
export type BackoffKind = 'exponential' | 'linear' | 'fixed';

export interface BackoffPolicy {
  readonly kind: BackoffKind;
  /** Wait before the first retry, ms. */
  readonly delayMs: number;
  /** No wait is longer, ms. */
  readonly maxDelayMs: number;
  /** `true`: full jitter, a wait is drawn evenly from [0, computed]; it keeps a crowd of failures from retrying in step. */
  readonly jitter: boolean;
}

/**
 * The wait before retry number `retry` (1 = the first), ms.
 *
 * Full jitter as in "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015), which found it to finish
 * contended work with the fewest calls.
 */
export function backoffDelayMs(policy: BackoffPolicy, retry: number, random: () => number = Math.random): number {
  const step = Math.max(1, retry);
  const grown =
    policy.kind === 'fixed'
      ? policy.delayMs
      : policy.kind === 'linear'
        ? policy.delayMs * step
        : policy.delayMs * 2 ** Math.min(step - 1, 52);
  const capped = Math.min(grown, policy.maxDelayMs);
  return Math.round(policy.jitter ? random() * capped : capped);
}
