import { durationMs, type Duration } from '@lovage/foundation';
import { refuseUnknown, shown } from './checks.ts';

/** What a limit counts by: a field of the input, mostly. */
export type LimitKeyValue = string | number | boolean;

/** How many tasks of a contract may run at once, over all workers. */
export interface ConcurrencyOptions<I = unknown> {
  /**
   * Counts tasks by this value of their validated input, each value for itself: `(input) => input.tenant`. It must be a pure
   * function that answers text, a number or a boolean. Without it all tasks of the contract are counted together.
   */
  key?(input: I): LimitKeyValue;
  /** A whole number from 1 to 100000. */
  limit: number;
}

/** So many a second, minute or hour: `10/s`, `100/m`, `1000/h`. */
export type Rate = `${number}/s` | `${number}/m` | `${number}/h`;

/** How many tasks of a contract may start in a time, over all workers. */
export interface RateOptions<I = unknown> {
  /** `10/s`: one each 100 ms. */
  rate: Rate;
  /** As that of {@link ConcurrencyOptions}. */
  key?(input: I): LimitKeyValue;
  /**
   * How many may start at once after a pause. Default 1: starts are spaced evenly. With `burst: 10` a bucket of ten tokens
   * fills at the rate. In any second (of a slower rate: in any time of one start) at most `rate + burst` start.
   */
  burst?: number;
}

export interface CompiledConcurrency {
  readonly limit: number;
  readonly key: ((input: unknown) => LimitKeyValue) | undefined;
}

export interface CompiledRate {
  /** As given: `10/s`. */
  readonly rate: string;
  /** From one start to the next, ms. */
  readonly intervalMs: number;
  readonly burst: number;
  readonly key: ((input: unknown) => LimitKeyValue) | undefined;
}

/** Largest limit. */
export const MAX_CONCURRENCY = 100_000;
const MAX_BURST = 100_000;
const UNITS: Readonly<Record<string, Duration>> = { s: '1s', m: '1m', h: '1h' };
/** Fastest rate: Postgres keeps times in microseconds, so finer spacing would be lost. */
const MAX_PER_SECOND = 100_000;

/**
 * From one start to the next, ms.
 * @throws RangeError
 */
export function rateIntervalMs(rate: string): number {
  const match = typeof rate === 'string' ? /^(\d{1,9}(?:\.\d{1,6})?)\/([smh])$/.exec(rate) : null;
  const count = match ? Number(match[1]) : 0;
  if (!(count > 0)) throw new RangeError(`${shown(rate)} is no rate: write "10/s", "100/m" or "1000/h"`);
  const intervalMs = durationMs(UNITS[match![2]!]!) / count;
  if (intervalMs < 1000 / MAX_PER_SECOND) throw new RangeError(`${shown(rate)} is faster than ${MAX_PER_SECOND}/s`);
  if (intervalMs > durationMs('1d')) throw new RangeError(`${shown(rate)} is slower than one a day`);
  return intervalMs;
}

/** The rate of such an interval, in the shortest unit in which it is a whole number: of 600 ms `100/m`. */
export function rateText(intervalMs: number): string {
  for (const [unit, length] of Object.entries(UNITS)) {
    const count = durationMs(length) / intervalMs;
    if (Math.abs(count - Math.round(count)) < 1e-6 * count && Math.round(count) > 0)
      return `${Math.round(count)}/${unit}`;
  }
  return `${Number((durationMs('1h') / intervalMs).toFixed(6))}/h`;
}

/** @throws RangeError */
export function compileConcurrency(given: number | ConcurrencyOptions | undefined): CompiledConcurrency | undefined {
  if (given === undefined) return undefined;
  if (typeof given === 'number') return { limit: concurrencyLimit('concurrency', given), key: undefined };
  refuseUnknown('concurrency: ', 'concurrency option', given, ['key', 'limit']);
  return { limit: concurrencyLimit('concurrency.limit', given.limit), key: keyOf('concurrency.key', given.key) };
}

/** @throws RangeError */
export function compileRate(given: Rate | RateOptions | undefined): CompiledRate | undefined {
  if (given === undefined) return undefined;
  const whole = typeof given === 'string';
  if (!whole) refuseUnknown('rateLimit: ', 'rate limit option', given, ['rate', 'key', 'burst']);
  const { rate, key, burst = 1 } = whole ? { rate: given } : given;
  let intervalMs: number;
  try {
    intervalMs = rateIntervalMs(rate);
  } catch (error) {
    throw new RangeError(`rateLimit${whole ? '' : '.rate'}: ${(error as Error).message}`, { cause: error });
  }
  return {
    rate,
    intervalMs,
    burst: wholeNumber('rateLimit.burst', burst, MAX_BURST),
    key: keyOf('rateLimit.key', key),
  };
}

/** @throws RangeError */
export function concurrencyLimit(name: string, limit: number): number {
  return wholeNumber(name, limit, MAX_CONCURRENCY);
}

function wholeNumber(name: string, value: number, most: number): number {
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new RangeError(`${name}: ${shown(value)} is not a whole number from 1 to ${most}`);
  return value;
}

function keyOf(name: string, key: unknown): ((input: unknown) => LimitKeyValue) | undefined {
  if (key !== undefined && typeof key !== 'function')
    throw new RangeError(`${name}: must be a function of the input, such as (input) => input.tenant`);
  return key as ((input: unknown) => LimitKeyValue) | undefined;
}
