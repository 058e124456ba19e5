import type { TerminalState } from '@lovage/task';

/** What one batch has counted. */
export interface CountedEnds {
  /** Ended tasks, those that were deleted before among them. */
  readonly tasks: number;
  /** There are more to count now. */
  readonly more: boolean;
}

/** How long counts are kept, ms. */
export interface HistoryKept {
  /** Counts of minutes, and groups of failures from when they were last seen. */
  readonly minutesMs: number;
  /** Counts of hours and days. */
  readonly hoursMs: number;
}

/**
 * Counts ended tasks into minutes, hours and days, and groups those that failed. Each is counted once, whichever beat counts, and if any of them dies
 * meanwhile, also one that has been deleted before. Any number of callers may run at once; one of them counts.
 */
export interface HistoryStore {
  /**
   * Counts a batch, the oldest ends first, up to ends that other transactions might still add to: the first call of a store counts
   * none. @param limit tasks of a batch. @throws StoreUnavailableError
   */
  count(limit: number): Promise<CountedEnds>;
  /** Deletes some of what is kept no longer. Resolves to whether there may be more. @throws StoreUnavailableError */
  prune(kept: HistoryKept, limit: number): Promise<boolean>;
}

/** Which ends, and how they are put together. Times are ms since the epoch. */
export interface StatsRequest {
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  /** Counts of minutes, hours or days (UTC) are read; `from`, `to` and `stepMs` fall on them. */
  readonly grain: 'minute' | 'hour' | 'day';
  readonly by: 'none' | 'state' | 'contract' | 'queue';
  /** Series, at most; those of fewer ends are put together. */
  readonly maxSeries: number;
  readonly contract?: string | undefined;
  readonly queue?: string | undefined;
  readonly states?: readonly TerminalState[] | undefined;
}

/** Times of tasks: their sum in ms, and how many are in each bucket of a histogram (libs/foundation). */
export interface CountedTimes {
  readonly sumMs: number;
  readonly buckets: ReadonlyMap<number, number>;
}

/** What ended in one step. */
export interface StatsPoint {
  /** Steps from the first. */
  readonly index: number;
  /** The state, contract or queue; null: all the others. */
  readonly key: string | null;
  readonly ended: number;
  /** Of them FAILURE and DEAD. */
  readonly failed: number;
  readonly run: CountedTimes;
  readonly wait: CountedTimes;
}

/** How far the counting has come; ms since the epoch. Null: nothing has been counted. */
export interface HistorySpan {
  /** The first end that was counted. */
  readonly countedFrom: number | null;
  /** All ends before this are counted. */
  readonly countedTo: number | null;
  /** Counts of earlier minutes may have been deleted; null: none have. */
  readonly minutesFrom: number | null;
}

/** Tasks of a contract that failed alike. */
export interface FailureGroup {
  readonly id: string;
  readonly contract: string;
  /** Null: all other failures of the contract. */
  readonly type: string | null;
  /** Null: all other failures of this type. */
  readonly message: string | null;
  readonly stack: readonly string[];
  /** In the time asked for, and the same by equal parts of it. */
  readonly count: number;
  readonly trend: readonly number[];
  /** Of all; ms since the epoch. */
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  /** The task that failed last; null: it is deleted. */
  readonly sampleTaskId: string | null;
}

/** Which groups; those without a failure in the time are left out, unless asked for by id or task. */
export interface FailureRequest {
  readonly from: number;
  readonly to: number;
  /** Of `trend`. */
  readonly parts: number;
  readonly id?: string | undefined;
  readonly taskId?: string | undefined;
  readonly contract?: string | undefined;
  readonly type?: string | undefined;
}

/** Where a list of groups was left: the count or the time by which it is sorted, and the id. */
export interface FailurePosition {
  readonly value: number;
  readonly id: string;
}

export interface FailurePage {
  readonly sort: 'count' | 'last';
  readonly limit: number;
  readonly after?: FailurePosition | undefined;
}

/** Questions about what was counted. */
export interface HistoryReader {
  /** @throws StoreUnavailableError */
  span(): Promise<HistorySpan>;
  /** Steps in which nothing ended are left out. @throws StoreUnavailableError */
  stats(request: StatsRequest): Promise<StatsPoint[]>;
  /** Most first; null: no more. @throws StoreUnavailableError */
  failures(
    request: FailureRequest,
    page: FailurePage,
  ): Promise<{ readonly items: readonly FailureGroup[]; readonly next: FailurePosition | null }>;
}
