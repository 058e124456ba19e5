import type { WorkerId } from './task.ts';
import type { ClaimedTask, ClaimItem } from './task-store.ts';

/** A concurrency limit as it applies to one task. */
export interface ConcurrencyGate {
  /** `concurrency:<contract>`, and `:<value>` where it counts by a value of the input. */
  readonly key: string;
  /** The contract's own; null: it has none, an operator has set one. */
  readonly limit: number | null;
}

/** A rate limit as it applies to one task. */
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
 * `parked`: it has to wait. It holds no claim, its generation is raised, its next message stands in the outbox (at its time of the
 * rate, or until a slot is free), and the message that asked is dealt with.
 */
export type LimitedClaim = (ClaimedTask & { readonly outcome: 'granted' }) | { id: string; outcome: 'parked' };

/** What an operator has set for a contract, before what the contract says. Left out: as the contract says. */
export interface LimitSettings {
  /** Slots of the contract, or of each value of its key. Null: no limit. */
  readonly concurrency?: number | null | undefined;
  /** Slots of single values of its key, before `concurrency`. Null: no limit. */
  readonly keys?: Readonly<Record<string, number | null>> | undefined;
  /** Null: no limit. */
  readonly rate?: RateSetting | null | undefined;
}

export interface RateSetting {
  /** As given: `10/s`. */
  readonly text: string;
  /** ms from one start to the next. */
  readonly intervalMs: number;
  /** Null: as the contract says, else 1. */
  readonly burst: number | null;
}

export interface LimitOverride extends LimitSettings {
  readonly contract: string;
  /** ms since the epoch. */
  readonly updatedAt: number;
  /** UUID of the user who set it. */
  readonly updatedBy: string | null;
  readonly reason: string | null;
}

/** A contract of which an operator has set a limit, whatever its amount. */
export interface ImposedLimits {
  readonly contract: string;
  readonly concurrency: boolean;
  readonly rate: boolean;
}

/** How much of a key's limits is used at this moment. */
export interface LimitUse {
  readonly contract: string;
  /** As in {@link TaskLimits}. */
  readonly key: string;
  /** In force; null: none, and of a rate key always. */
  readonly limit: number | null;
  /** Slots that are taken: their tasks run, or are on their way to a worker, or wait for their time of a rate. */
  readonly held: number;
  /** Tasks that wait for a slot. */
  readonly waiting: number;
  /** Tasks that wait for their time of the rate. */
  readonly waitingForRate: number;
}

export interface LimitUses {
  /** By contract and key; a key that nobody uses is left out. */
  readonly uses: readonly LimitUse[];
  /** More wait than are counted ({@link MOST_WAITING_COUNTED}). */
  readonly approximate: boolean;
}

/** So many waiting tasks are counted; each further one would cost time. */
export const MOST_WAITING_COUNTED = 20_000;

/** A task that has a slot. */
export interface SlotHolder {
  readonly id: string;
  /** ms since the epoch: when it got the slot. */
  readonly since: number;
  /** Name of the worker that runs it. Null: it is on its way to one, or waits for its time of a rate. */
  readonly worker: string | null;
}

/** Tasks that use a contract's limits, or wait for them: the first of each, at most so many. */
export interface LimitedTasks {
  /** Those first that have their slots longest. */
  readonly holders: readonly (SlotHolder & { readonly key: string })[];
  /** Those first that are next: of a slot by when they were submitted, of a rate by their times. */
  readonly waiters: readonly LimitWaiter[];
}

export interface LimitWaiter {
  readonly id: string;
  /** As in {@link TaskLimits}. */
  readonly key: string;
  /** ms since the epoch: of a slot when it was submitted. */
  readonly since: number | null;
  /** ms since the epoch: of a rate the time that it was given. */
  readonly dueAt: number | null;
}

/** Why a waiting task is held back by a limit. */
export type HeldBack =
  | {
      readonly kind: 'concurrency';
      readonly key: string;
      /** Null: there is none any more, and it will be sent within a second. */
      readonly limit: number | null;
      /** The tasks that have the slots, those first that have them longest; at most twenty of them. */
      readonly holders: readonly SlotHolder[];
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
   * The claim of tasks that have limits: grants what has a slot and a ticket of its rate, parks the rest, in one transaction. What
   * is not returned was refused by its row, as in {@link TaskStore.claim}.
   */
  claim(
    worker: { id: WorkerId; name: string },
    items: readonly LimitedClaimItem[],
    options?: { suspects?: boolean },
  ): Promise<LimitedClaim[]>;
  /** Contracts that have a limit which may not be their own: what a worker has to know before it claims. Asked each second. */
  imposed(): Promise<ImposedLimits[]>;
  /** All that is set, by contract. */
  overrides(): Promise<LimitOverride[]>;
  /**
   * Replaces what is set for a contract. From then on claims go by it; who waits and now may run is woken, the longest-waiting
   * first, and who waits for a rate is given a new time, in the same transaction.
   */
  override(contract: string, settings: LimitSettings, by: LimitChangedBy): Promise<LimitOverride>;
  /** Back to what the contract says, likewise. */
  clear(contract: string): Promise<void>;
  /** Who has and who waits for slots of a contract, and who for its rate; at most `limit` of each. */
  tasksOf(contract: string, limit: number): Promise<LimitedTasks>;
  /** Of one contract, or of all. */
  uses(contract?: string): Promise<LimitUses>;
}

export interface LimitChangedBy {
  readonly actor: string | null;
  readonly reason: string | null;
  /**
   * The contract has no concurrency limit of its own: tasks that run already were not counted, and are from now on. Reads all
   * live tasks once.
   */
  readonly uncounted: boolean;
}
