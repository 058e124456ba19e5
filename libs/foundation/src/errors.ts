import { fieldOf, isError, textOf } from './foreign.ts';

/**
 * Root of every error that Lovage itself raises. Tell them apart by `code`, which is stable and survives copies of the
 * package in one process; `instanceof` does not.
 */
export abstract class LovageError extends Error {
  /** Stable, snake_case. Listed in `docs/errors.md`. */
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Whether `error` carries this stable code. */
export function hasCode<C extends string>(error: unknown, code: C): error is Error & { code: C } {
  return isError(error) && fieldOf(error, 'code') === code;
}

/** What was thrown, as an `Error`: code may throw anything. */
export function toError(thrown: unknown): Error {
  return isError(thrown)
    ? thrown
    : new Error(typeof thrown === 'string' ? thrown : `a non-error was thrown: ${textOf(thrown, 1000)}`);
}
