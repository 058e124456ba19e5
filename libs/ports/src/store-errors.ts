import { LovageError } from '@lovage/foundation';

/** Postgres cannot be reached or refuses connections: nothing was written, the same call may be repeated. */
export class StoreUnavailableError extends LovageError {
  readonly code = 'store_unavailable';
}

/** Postgres refused a value of one item: repeating is of no use, and the rest of its batch is not at fault. */
export class ValueRefusedError extends LovageError {
  readonly code = 'value_refused';
}

/** An idempotency key: unique within its scope until it expires. */
export interface SubmitKey {
  /** Who and what: `user-id:contract-name`. */
  readonly scope: string;
  readonly key: string;
  /** How long the key holds, ms. */
  readonly ttlMs: number;
  /** Hash of what is submitted, so that the same key with something else can be told apart. */
  readonly fingerprint: string;
}

export interface SubmittedFirst {
  /** Of the row that holds the key: the given id, or the id of the earlier submit. */
  readonly taskId: string;
  /** `false`: the key was taken; nothing was inserted. */
  readonly fresh: boolean;
  /** Kept with the key: the given one when `fresh`, else that of the earlier submit. Without a key: empty. */
  readonly fingerprint: string;
}
