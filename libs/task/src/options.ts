import { closest, durationMs, type BackoffKind, type BackoffPolicy, type Duration } from '@lovage/foundation';

/**
 * When the broker is told that a message is dealt with.
 * - `late` (default): after the result is committed. A worker that dies costs another run, never a task.
 * - `claim`: once the claim is committed durably, before the handler runs. For tasks longer than the broker's own
 *   consumer timeout (RabbitMQ: 30 min); a dead worker is then noticed by its lease, not by the broker.
 * - `early`: at arrival. A worker that dies loses the task.
 */
export type AckMode = 'late' | 'claim' | 'early';

/**
 * What is kept in Postgres.
 * - `full` (default): from the submit on, with a fenced claim; every promise of the platform holds.
 * - `final`: one row, when the task ends. Half the writes; it may run twice after a crash, is recorded once, and cannot be looked up before it ends.
 * - `none`: nothing. Only a caller who waits sees the result.
 */
export type RecordMode = 'full' | 'final' | 'none';

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

/** Defaults of a contract; the submit may override some. */
export interface TaskOptions {
  /** Queue that the task is sent to. Default `default`. */
  queue?: string;
  retry?: RetryOptions;
  /** After this the handler's `signal` is aborted (reason `SoftTimeLimitExceeded`); it may tidy up. No limit by default. */
  softTimeLimit?: Duration;
  /** After this the task ends `FAILURE` `TimeLimitExceeded`, whatever the handler does. No limit by default. */
  timeLimit?: Duration;
  /** A task that has not started this long after its submit becomes `EXPIRED`. Never by default. */
  expires?: Duration;
  ack?: AckMode;
  record?: RecordMode;
}

export interface CompiledRetry extends BackoffPolicy {
  readonly maxAttempts: number;
  readonly on: ReadonlySet<string> | undefined;
  readonly never: ReadonlySet<string>;
}

/** {@link TaskOptions} checked and completed; times in ms. The rest of the code sees only this form. */
export interface CompiledTaskOptions {
  readonly queue: string;
  readonly retry: CompiledRetry;
  readonly softTimeLimitMs: number | undefined;
  readonly timeLimitMs: number | undefined;
  readonly expiresMs: number | undefined;
  readonly ack: AckMode;
  readonly record: RecordMode;
}

const QUEUE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;
const OPTION_KEYS = ['queue', 'retry', 'softTimeLimit', 'timeLimit', 'expires', 'ack', 'record'];
const RETRY_KEYS = ['maxAttempts', 'backoff', 'delay', 'maxDelay', 'jitter', 'on', 'never'];

/** @throws RangeError naming the option, what is wrong with it, and for an unknown one the closest that exists. */
export function compileOptions(options: TaskOptions = {}): CompiledTaskOptions {
  refuseUnknown('', 'option', options, OPTION_KEYS);
  const queue = options.queue ?? 'default';
  if (typeof queue !== 'string' || !QUEUE_NAME.test(queue))
    throw new RangeError(`queue: ${shown(queue)} is no queue name (letters, digits, ". _ -", at most 200)`);
  const softTimeLimitMs = optionalMs('softTimeLimit', options.softTimeLimit);
  const timeLimitMs = optionalMs('timeLimit', options.timeLimit);
  if (softTimeLimitMs !== undefined && timeLimitMs !== undefined && softTimeLimitMs >= timeLimitMs)
    throw new RangeError('softTimeLimit: must be shorter than timeLimit, or the handler gets no time to tidy up');
  return {
    queue,
    retry: compileRetry(options.retry ?? {}),
    softTimeLimitMs,
    timeLimitMs,
    expiresMs: optionalMs('expires', options.expires),
    ack: oneOf('ack', options.ack ?? 'late', ['late', 'claim', 'early']),
    record: oneOf('record', options.record ?? 'full', ['full', 'final', 'none']),
  };
}

function compileRetry(retry: RetryOptions): CompiledRetry {
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

function names(name: string, list: readonly string[]): ReadonlySet<string> {
  if (!Array.isArray(list) || !list.every((item) => typeof item === 'string'))
    throw new RangeError(`${name}: must be a list of error names, such as ['Timeout']`);
  return new Set(list);
}

function named(name: string, duration: Duration): number {
  try {
    return durationMs(duration);
  } catch (error) {
    throw new RangeError(`${name}: ${(error as Error).message}`, { cause: error });
  }
}

function optionalMs(name: string, duration: Duration | undefined): number | undefined {
  if (duration === undefined) return undefined;
  const ms = named(name, duration);
  if (ms === 0) throw new RangeError(`${name}: must be longer than zero; leave it out for no limit`);
  return ms;
}

function oneOf<T extends string>(name: string, value: T, allowed: readonly T[]): T {
  if (!allowed.includes(value)) throw new RangeError(`${name}: ${shown(value)} is not one of ${allowed.join(', ')}`);
  return value;
}

function refuseUnknown(prefix: string, what: string, given: unknown, known: readonly string[]): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new RangeError(`${prefix}must be an object`);
  for (const key of Object.keys(given)) {
    if (known.includes(key)) continue;
    const near = closest(key, known);
    throw new RangeError(
      `${key}: unknown ${what}${near ? `; did you mean ${near}?` : ''} (known: ${known.join(', ')})`,
    );
  }
}

/** Whatever was given, fit for a message. */
function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : typeof value === 'object' ? 'an object' : String(value);
}
