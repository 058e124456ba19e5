import { durationMs, type BackoffKind, type BackoffPolicy, type Duration } from '@lovage/foundation';
import { named, names, oneOf, refuseUnknown, shown } from './checks.ts';

/** How failures are retried. */
export interface RetryOptions {
  /** Runs in all, the first included. Default 1: a failure is final. */
  maxAttempts?: number;
  /** How the wait grows. Default `exponential`. */
  backoff?: BackoffKind;
  /** Wait before the first retry. Default `1s`. */
  delay?: Duration;
  /** Longest wait. Default `10m`, or `delay` when that is longer. */
  maxDelay?: Duration;
  /** Draw the wait evenly from zero to the computed one. Default `true`. */
  jitter?: boolean;
  /**
   * Error types to retry, by the name of a declared error or of an error class. Without it every error is retried
   * except declared errors and invalid input; with it only what it lists, these included.
   */
  on?: readonly string[];
  /** Error types never retried; wins over `on`. */
  never?: readonly string[];
}

export interface CompiledRetry extends BackoffPolicy {
  readonly maxAttempts: number;
  readonly on: ReadonlySet<string> | undefined;
  readonly never: ReadonlySet<string>;
}

const RETRY_KEYS = ['maxAttempts', 'backoff', 'delay', 'maxDelay', 'jitter', 'on', 'never'];

/** @throws RangeError */
export function compileRetry(retry: RetryOptions): CompiledRetry {
  refuseUnknown('retry: ', 'retry option', retry, RETRY_KEYS);
  const { maxAttempts = 1, jitter = true } = retry;
  if (!Number.isInteger(maxAttempts) || maxAttempts < 1 || maxAttempts > 10_000)
    throw new RangeError(`retry.maxAttempts: ${shown(maxAttempts)} is not a whole number from 1 to 10000`);
  if (typeof jitter !== 'boolean') throw new RangeError(`retry.jitter: ${shown(jitter)} is neither true nor false`);
  const delayMs = named('retry.delay', retry.delay ?? '1s');
  const maxDelayMs =
    retry.maxDelay === undefined ? Math.max(durationMs('10m'), delayMs) : named('retry.maxDelay', retry.maxDelay);
  if (maxDelayMs < delayMs) throw new RangeError('retry.maxDelay: must not be shorter than retry.delay');
  return {
    maxAttempts,
    kind: oneOf('retry.backoff', retry.backoff ?? 'exponential', ['exponential', 'linear', 'fixed']),
    delayMs,
    maxDelayMs,
    jitter,
    on: retry.on && names('retry.on', retry.on),
    never: names('retry.never', retry.never ?? []),
  };
}
