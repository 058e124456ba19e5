import type { ClaimedTask, ClaimItem, WorkerId } from './task-store.ts';

/** A concurrency limit as it concerns one task. */
export interface ConcurrencyGate {
  /** `concurrency:<contract>`, and `:<value>` where it counts by a value of the input. */
  readonly key: string;
  /** The contract's own; null: it has none, an operator has set one. */
  readonly limit: number | null;
}

/** A rate limit as it concerns one task. */
export interface RateGate {
  /** `rate:<contract>`, and `:<value>`. */
  readonly key: string;
  /** The contract's own ms from one start to the next; null: it has none, an operator has set one. */
  readonly intervalMs: number | null;
  readonly burst: number;
}

export interface TaskLimits {
  readonly contract: string;
  readonly concurrency: ConcurrencyGate | null;
  readonly rate: RateGate | null;
}

export interface LimitedClaimItem extends ClaimItem {
  readonly limits: TaskLimits;
}

/**
 * `parked`: it has to wait. It holds no claim, its turn is raised, its next message stands in the outbox (at its time of the
 * rate, or until a slot is free), and the message that asked is dealt with.
 */
export type LimitedClaim = (ClaimedTask & { readonly outcome: 'granted' }) | { id: string; outcome: 'parked' };

/** What an operator has set for a contract; null: as the contract says. */
export interface LimitOverride {
  readonly contract: string;
  readonly concurrency: number | null;
  /** `10/s` */
  readonly rate: string | null;
  readonly burst: number | null;
  /** ms since the epoch. */
  readonly updatedAt: number;
  /** UUID of the user who set it. */
  readonly updatedBy: string | null;
}

export interface LimitPatch {
  readonly concurrency: number | null;
  readonly rate: { readonly text: string; readonly intervalMs: number; readonly burst: number } | null;
}

/** Why a waiting task is held back by a limit. */
export type HeldBack =
  | {
      readonly kind: 'concurrency';
      readonly key: string;
      /** Null: there is none any more, and it will be sent within a second. */
      readonly limit: number | null;
      /** The tasks that have the slots, at most a hundred of them. */
      readonly holders: readonly string[];
      readonly inUse: number;
      /** How many wait before it. */
      readonly before: number;
    }
  | {
      readonly kind: 'rate';
      readonly key: string;
      readonly intervalMs: number | null;
      /** The time that it was given, ms since the epoch. */
      readonly dueAt: number;
    };

/**
 * Limits over all workers: how many tasks of a key run at once, and how many start in a time. Keys live in Postgres, so every
 * worker counts the same. All throw {@link StoreUnavailableError}; every call may be repeated.
 */
export interface LimitStore {
  /**
   * The claim of tasks that have limits: grants what has a slot and a turn of its rate, parks the rest, in one transaction. What
   * is not returned was refused by its row, as in {@link TaskStore.claim}.
   */
  claim(worker: { id: WorkerId; name: string }, items: readonly LimitedClaimItem[]): Promise<LimitedClaim[]>;
  overrides(): Promise<LimitOverride[]>;
  /** Replaces what is set for a contract. Who waits is woken, or given a new time, in the same transaction. */
  override(contract: string, patch: LimitPatch, by: string | null): Promise<LimitOverride>;
  /** Undefined: it is not held back by a limit. */
  heldBack(taskId: string): Promise<HeldBack | undefined>;
}
