import { backoffDelayMs, toError } from '@lovage/foundation';
import { DeclaredError, type CompiledRetry, type CompiledRule, type TaskErrorDocument } from '@lovage/task';
import { WorkerChildDied } from '../pools/child-death.ts';
import { MaxRetriesExceeded, RetryRequested, SnoozeRequested } from './abort-reasons.ts';
import { retryAfterMs } from './retry-after.ts';

/** How an attempt ended. */
export type Outcome =
  | { readonly kind: 'succeeded'; /** JSON text. */ readonly result: string }
  | { readonly kind: 'failed'; readonly error: TaskErrorDocument }
  /** The child that ran it died once too often. */
  | { readonly kind: 'dead'; readonly error: TaskErrorDocument }
  /** Called off while it ran. */
  | { readonly kind: 'revoked'; readonly error: TaskErrorDocument }
  | {
      readonly kind: 'postponed';
      readonly how: 'retry' | 'snooze' | 'release' | 'crash';
      readonly delayMs: number;
      readonly error: TaskErrorDocument | null;
    };

/** Errors that say something of the input or the handler that another run would only say again: not retried unless `retry.on` lists them. */
const ANSWERS: ReadonlySet<string> = new Set([
  'declared_error',
  'input_invalid',
  'output_invalid',
  'arguments_invalid',
  'batch_outcome_missing',
  'not_registered',
  'step_invalid',
  'steps_unavailable',
]);

/** A stack is for people; what is longer tells them nothing more. */
const MAX_STACK = 8192;
const MAX_MESSAGE = 8192;

/** What is kept of a failure. */
export function errorDocument(thrown: unknown): TaskErrorDocument {
  const error = toError(thrown);
  return {
    type: error instanceof DeclaredError ? error.type : error.name || 'Error',
    message: String(error.message).slice(0, MAX_MESSAGE),
    ...(error instanceof DeclaredError || error instanceof WorkerChildDied ? { data: error.data } : {}),
    // A declared error is an answer, not an accident: where in the handler it was made is of no interest. A death has no stack of its own.
    ...(error instanceof DeclaredError || error instanceof WorkerChildDied || !error.stack
      ? {}
      : { stack: error.stack.slice(0, MAX_STACK) }),
  };
}

/**
 * What becomes of an attempt that threw.
 * @param failures attempts of this task that failed before this one.
 */
export function outcomeOfThrown(
  thrown: unknown,
  retry: CompiledRetry,
  failures: number,
  random: () => number = Math.random,
): Outcome {
  if (thrown instanceof SnoozeRequested)
    return { kind: 'postponed', how: 'snooze', delayMs: thrown.delayMs, error: null };
  const asked = thrown instanceof RetryRequested ? thrown : undefined;
  const cause = asked ? asked.cause : thrown;
  const rule: CompiledRule = retry.errors.get(typeOf(cause)) ?? retry;
  const left = failures + 1 < rule.maxAttempts;
  if (left && (asked !== undefined || isRetried(cause, retry))) {
    const delayMs = asked?.delayMs ?? delayOf(cause, rule, retry.maxRetryAfterMs, failures + 1, random);
    return { kind: 'postponed', how: 'retry', delayMs, error: errorDocument(cause ?? asked) };
  }
  return { kind: 'failed', error: errorDocument(cause ?? new MaxRetriesExceeded(rule.maxAttempts)) };
}

/** By the rule, and not before the time that the error asks for. */
function delayOf(
  cause: unknown,
  rule: CompiledRule,
  maxRetryAfterMs: number,
  retry: number,
  random: () => number,
): number {
  const asked = retryAfterMs(cause, Date.now());
  const backoffMs = backoffDelayMs(rule, retry, random);
  return asked === undefined ? backoffMs : Math.max(backoffMs, Math.min(asked, maxRetryAfterMs));
}

function typeOf(thrown: unknown): string {
  const error = toError(thrown);
  return error instanceof DeclaredError ? error.type : error.name;
}

function isRetried(thrown: unknown, retry: CompiledRetry): boolean {
  const type = typeOf(thrown);
  if (retry.never.has(type)) return false;
  if (retry.errors.has(type)) return true;
  if (retry.on) return retry.on.has(type);
  return !ANSWERS.has((toError(thrown) as { code?: string }).code ?? '');
}
