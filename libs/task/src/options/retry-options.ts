import { durationMs, type BackoffKind, type BackoffPolicy, type Duration } from '@lovage/foundation';
import { named, names, oneOf, refuseUnknown, shown } from './checks.ts';

/** How often and when to try again. */
export interface RetryRule {
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
}

/** How failures are retried. */
export interface RetryOptions extends RetryRule {
  /**
   * Error types to retry, by the name of a declared error or of an error class. Without it every error is retried
   * except declared errors and invalid input; with it only what it (or `errors`) lists, these included.
   */
  on?: readonly string[];
  /** Error types never retried; wins over `on` and `errors`. */
  never?: readonly string[];
  /**
   * Rules of single error types: `{ RateLimited: { delay: '1m', backoff: 'fixed', maxAttempts: 10 }, Fatal: false }`.
   * What a rule leaves out is as for all errors; `false`: never retried. `maxAttempts` counts every attempt of the task,
   * whatever it failed with: the rule of the latest error decides whether there is another.
   */
  errors?: Readonly<Record<string, RetryRule | false>>;
  /**
   * Longest wait that an error may ask for with `retryAfter` or an HTTP `Retry-After` header: the next attempt is not before
   * it, nor is it later than this. Default `1h`, or `maxDelay` when that is longer.
   */
  maxRetryAfter?: Duration;
}

export interface CompiledRule extends BackoffPolicy {
  readonly maxAttempts: number;
}

export interface CompiledRetry extends CompiledRule {
  readonly on: ReadonlySet<string> | undefined;
  readonly never: ReadonlySet<string>;
  readonly errors: ReadonlyMap<string, CompiledRule>;
  readonly maxRetryAfterMs: number;
}

const RULE_KEYS = ['maxAttempts', 'backoff', 'delay', 'maxDelay', 'jitter'];
const RETRY_KEYS = [...RULE_KEYS, 'on', 'never', 'errors', 'maxRetryAfter'];
/** Error types of one policy, each with a rule: more is a mistake, and a policy travels with its task. */
const MAX_RULES = 100;

const NO_RULE: CompiledRule = {
  maxAttempts: 1,
  kind: 'exponential',
  delayMs: 1000,
  maxDelayMs: durationMs('10m'),
  jitter: true,
};
const NO_POLICY: CompiledRetry = {
  ...NO_RULE,
  on: undefined,
  never: new Set(),
  errors: new Map(),
  maxRetryAfterMs: durationMs('1h'),
};

/**
 * @param base what is left out is as here.
 * @throws RangeError
 */
export function compileRetry(retry: RetryOptions, base: CompiledRetry = NO_POLICY): CompiledRetry {
  refuseUnknown('retry: ', 'retry option', retry, RETRY_KEYS, 'retry.');
  const policy = compileRule('retry', retry, base);
  const given = Object.entries(ruleTable(retry.errors));
  const rules = given.filter((entry): entry is [string, RetryRule] => entry[1] !== false);
  const final = given.filter(([, rule]) => rule === false).map(([type]) => type);
  const never = retry.never === undefined ? base.never : names('retry.never', retry.never);
  const errors = new Map(base.errors);
  for (const type of final) errors.delete(type);
  for (const [type, rule] of rules) errors.set(type, compileRule(`retry.errors.${type}`, rule, policy));
  return {
    ...policy,
    on: retry.on === undefined ? base.on : names('retry.on', retry.on),
    never: new Set([
      ...[...never].filter((type) => retry.never !== undefined || !rules.some(([of]) => of === type)),
      ...final,
    ]),
    errors,
    maxRetryAfterMs:
      retry.maxRetryAfter === undefined
        ? Math.max(base.maxRetryAfterMs, policy.maxDelayMs)
        : named('retry.maxRetryAfter', retry.maxRetryAfter),
  };
}

function compileRule(path: string, rule: RetryRule, base: CompiledRule): CompiledRule {
  if (path !== 'retry') refuseUnknown(`${path}: `, 'retry option', rule, RULE_KEYS, `${path}.`);
  const { maxAttempts = base.maxAttempts, jitter = base.jitter } = rule;
  if (!Number.isInteger(maxAttempts) || maxAttempts < 1 || maxAttempts > 10_000)
    throw new RangeError(`${path}.maxAttempts: ${shown(maxAttempts)} is not a whole number from 1 to 10000`);
  if (typeof jitter !== 'boolean') throw new RangeError(`${path}.jitter: ${shown(jitter)} is neither true nor false`);
  const delayMs = rule.delay === undefined ? base.delayMs : named(`${path}.delay`, rule.delay);
  const maxDelayMs =
    rule.maxDelay === undefined ? Math.max(base.maxDelayMs, delayMs) : named(`${path}.maxDelay`, rule.maxDelay);
  if (maxDelayMs < delayMs) throw new RangeError(`${path}.maxDelay: must not be shorter than ${path}.delay`);
  const kind = oneOf(`${path}.backoff`, rule.backoff ?? base.kind, ['exponential', 'linear', 'fixed']);
  return { maxAttempts, kind, delayMs, maxDelayMs, jitter };
}

function ruleTable(errors: RetryOptions['errors']): Readonly<Record<string, RetryRule | false>> {
  if (errors === undefined) return {};
  if (typeof errors !== 'object' || errors === null || Array.isArray(errors))
    throw new RangeError('retry.errors: must be an object of rules by error type');
  if (Object.keys(errors).length > MAX_RULES)
    throw new RangeError(`retry.errors: more than ${MAX_RULES} error types have a rule`);
  return errors;
}

/** Whether nothing that an attempt may fail with is followed by another one. @param failures attempts that failed before it. */
export function isLastAttempt(retry: CompiledRetry, failures: number): boolean {
  if (failures + 1 < retry.maxAttempts) return false;
  for (const rule of retry.errors.values()) if (failures + 1 < rule.maxAttempts) return false;
  return true;
}
