import { LovageError } from '@lovage/foundation';

/** `store_busy`: Postgres is there, but this process's statements have kept its connections busy for too long. */
export type StoreUnavailableCode = 'store_unavailable' | 'store_busy';

/** Postgres cannot be reached, refuses connections, or is too busy: nothing was written, the same call may be repeated. */
export class StoreUnavailableError extends LovageError {
  readonly code: StoreUnavailableCode;
  constructor(message: string, options: ErrorOptions & { readonly code?: StoreUnavailableCode } = {}) {
    super(message, options);
    this.code = options.code ?? 'store_unavailable';
  }
}

/** Postgres refused a value of one item: repeating is of no use, and the rest of its batch is not at fault. */
export class ValueRefusedError extends LovageError {
  readonly code = 'value_refused';
}

/** Another task of the same work conflicts, and the rule was to reject. Nothing was stored. */
export class TaskNotUniqueError extends LovageError {
  readonly code = 'task_not_unique';
  constructor(
    /** The contract. */
    readonly contract: string,
    /** The conflicting task. */
    readonly taskId: string,
  ) {
    super(`task ${taskId} of ${contract} is the same work: wait for its end, or revoke it`);
  }
}
