import type { TaskState } from '@lovage/task';

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

/** A uniqueness key, and when another task of the same key conflicts. */
export interface UniqueKey {
  /** `contract:hash`. */
  readonly key: string;
  /** Only a task submitted less than so long ago conflicts; undefined: however old, ms. */
  readonly periodMs: number | undefined;
  /** The states in which it is. */
  readonly states: readonly TaskState[];
  /** `replace`: if it waits it is cancelled, else it is answered. */
  readonly onConflict: 'existing' | 'replace' | 'reject';
}

/** What a task that is inserted first may be bound by. */
export interface SubmitKeys {
  /** Comes first: an earlier submit of the key is answered, whatever `unique` says. */
  readonly key?: SubmitKey | undefined;
  readonly unique?: UniqueKey | undefined;
}
