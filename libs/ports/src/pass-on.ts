import type { NewTask, WorkerId } from './task.ts';

/** A contract as a worker serves it. Stored as JSON in the worker's row. */
export interface ServedContract {
  readonly name: string;
  readonly version: number;
  /** Of the input's schema; null: not told. */
  readonly fingerprint: string | null;
}

/**
 * Why a worker does not run a task that it got. `not_served`: it has no handler for the contract. `newer_version`: the input was made
 * with a later version of it. `other_schema`: the input does not fit here, and was made by another schema.
 */
export type PassOnReason = 'not_served' | 'newer_version' | 'other_schema';

/** What a worker must have to run the task, beside a handler for its contract in its queue. */
export interface PassOnNeed {
  /** At least this version of the contract. */
  readonly version?: number;
  /** This schema of the input. */
  readonly fingerprint?: string;
}

/** A task to pass on, as its message and its claim tell it. */
export interface PassOnItem {
  readonly task: NewTask;
  /** Generation of the message; -1 when it carries none. */
  readonly generation: number;
  /** As in `ClaimItem`. */
  readonly hadRow: boolean;
  /** The claim that is given up with it. Without one the row must have none. */
  readonly claim?: { readonly worker: WorkerId; readonly no: number } | undefined;
  /** The concurrency key whose slot its claim has. */
  readonly limitKey?: string | undefined;
  readonly reason: PassOnReason;
  readonly need: PassOnNeed;
  /** It may wait while no live worker serves it; else it is answered as over at once. */
  readonly waits: boolean;
  /** Nobody but the message knew of it: a Celery caller's, or one of a contract that keeps no row while it waits. */
  readonly rowless: boolean;
}

/** How long tasks may wait while no live worker serves them, ms; null: for ever. */
export interface PassOnLimits {
  readonly mostMs: number | null;
  /** The same of those that came without a row. */
  readonly mostRowlessMs: number | null;
}

/** What came of one. */
export interface PassedOn {
  readonly id: string;
  /** No live worker serves it. */
  readonly unserved: boolean;
  /** No live worker serves it, and it may not wait, or has waited for as long as it may: it was left as it is. */
  readonly over: boolean;
}
