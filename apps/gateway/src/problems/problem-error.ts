import { LovageError } from '@lovage/foundation';
import type { Issue } from '@lovage/task';
import type { ProblemCode } from '@lovage/http-api';

export interface ProblemErrorOptions {
  readonly errors?: readonly Issue[];
  /** Further headers of the answer, such as Retry-After. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** Thrown where the gateway itself refuses a request; the filter makes the answer of it. */
export class ProblemError extends LovageError {
  readonly errors: readonly Issue[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    readonly code: ProblemCode,
    detail: string,
    options: ProblemErrorOptions = {},
  ) {
    super(detail, { cause: options.cause });
    this.errors = options.errors ?? [];
    this.headers = options.headers ?? {};
  }
}
