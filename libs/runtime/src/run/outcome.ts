import { backoffDelayMs, errorDetails } from '@lovage/foundation';
import type { CompiledRetry, CompiledRule, TaskErrorDocument } from '@lovage/task';
import { MaxRetriesExceeded } from './abort-reasons.ts';
import type { Failure } from './failure.ts';

/**
 * How an attempt ended, storable: results are JSON text, errors hold plain values only. What a handler gave is read before, by
 * `storableJson` and `readFailure`; nothing that comes after may throw because of it.
 */
export type Outcome =
  | { readonly kind: 'succeeded'; /** JSON text. */ readonly result: string }
  | { readonly kind: 'failed'; readonly error: TaskErrorDocument }
  /** The child that ran it died once too often. */
  | { readonly kind: 'dead'; readonly error: TaskErrorDocument }
  /** Cancelled while it ran. */
  | { readonly kind: 'revoked'; readonly error: TaskErrorDocument }
  | {
      readonly kind: 'postponed';
      readonly how: 'retry' | 'snooze' | 'release' | 'crash' | 'suspect';
      /** Of `suspect`: the largest group that it may run in from now on. */
      readonly group?: number;
      readonly delayMs: number;
      readonly error: TaskErrorDocument | null;
    };

/** Released to its queue, at no cost. */
export const RELEASED: Extract<Outcome, { kind: 'postponed' }> = {
  kind: 'postponed',
  how: 'release',
  delayMs: 0,
  error: null,
};

/**
 * What becomes of an attempt that failed.
 * @param failures attempts of this task that failed before this one.
 */
export function outcomeOfFailure(
  failure: Failure,
  retry: CompiledRetry,
  failures: number,
  random: () => number = Math.random,
): Outcome {
  const { document: error, asks } = failure;
  if (asks?.how === 'snooze') return { kind: 'postponed', how: 'snooze', delayMs: asks.delayMs ?? 0, error: null };
  if (asks?.how === 'end') return { kind: 'failed', error };
  const rule: CompiledRule = (failure.bare ? undefined : retry.errors.get(error.type)) ?? retry;
  const left = failures + 1 < rule.maxAttempts;
  if (left && (asks !== undefined || isRetried(failure, retry))) {
    const delayMs = asks?.delayMs ?? delayOf(failure, rule, retry.maxRetryAfterMs, failures + 1, random);
    return { kind: 'postponed', how: 'retry', delayMs, error };
  }
  return { kind: 'failed', error: failure.bare ? errorDetails(new MaxRetriesExceeded(rule.maxAttempts)) : error };
}

/** By the rule, and not before the time that the error asks for. */
function delayOf(
  { retryAfterMs: asked }: Failure,
  rule: CompiledRule,
  maxRetryAfterMs: number,
  retry: number,
  random: () => number,
): number {
  const backoffMs = backoffDelayMs(rule, retry, random);
  return asked === undefined ? backoffMs : Math.max(backoffMs, Math.min(asked, maxRetryAfterMs));
}

function isRetried({ document: { type }, isAnswer }: Failure, retry: CompiledRetry): boolean {
  if (retry.never.has(type)) return false;
  if (retry.errors.has(type)) return true;
  if (retry.on) return retry.on.has(type);
  return !isAnswer;
}
