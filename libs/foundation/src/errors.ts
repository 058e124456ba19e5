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
  return isError(error) && (error as { code?: unknown }).code === code;
}

/** What was thrown, as an `Error`: code may throw anything. */
export function toError(thrown: unknown): Error {
  return isError(thrown)
    ? thrown
    : new Error(typeof thrown === 'string' ? thrown : `a non-error was thrown: ${safeText(thrown)}`);
}

/** Also of another realm (a `vm` context, a test runner's sandbox), whose `Error` is not ours. */
function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}

function safeText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}
