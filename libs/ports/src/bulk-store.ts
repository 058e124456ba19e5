export type BulkJobState = 'running' | 'done' | 'stopped' | 'failed';

/** One of many to which it could not be done. */
export interface BulkFailure {
  readonly id: string;
  readonly code: string;
  readonly message: string;
}

export interface NewBulkJob {
  readonly id: string;
  /** JSON text of what is to be done to what. */
  readonly spec: string;
  /** What came after this moment is left alone, ms since the epoch. */
  readonly at: number;
  readonly reason: string;
  /** Id of the user who starts it. */
  readonly actor: string;
}

export interface BulkJob extends NewBulkJob {
  readonly state: BulkJobState;
  /** Null: not counted yet. */
  readonly matched: number | null;
  /** `matched` is all there were, not the least. */
  readonly complete: boolean;
  readonly done: number;
  readonly skipped: number;
  readonly failed: number;
  readonly failures: readonly BulkFailure[];
  /** Where its list goes on; null: at the beginning. */
  readonly position: string | null;
  /** Why it failed, or what it waits for. */
  readonly error: string | null;
  /** Times are ms since the epoch. */
  readonly createdAt: number;
  /** When it got on last. */
  readonly updatedAt: number;
  readonly endedAt: number | null;
  /** Of one that was stopped; null: the user who started it may not do so any more. */
  readonly stoppedBy: string | null;
}

/** Who runs a job, and for how long from each step on. */
export interface BulkLease {
  readonly owner: string;
  readonly leaseMs: number;
}

/** What a job has got on by. Counts are added to those before. */
export interface BulkStep {
  readonly done?: number;
  readonly skipped?: number;
  readonly failed?: number;
  readonly failures?: readonly BulkFailure[];
  /** Left out: as before. */
  readonly position?: string;
  /** Its rate lets nothing be done for so long, ms. Default 0. */
  readonly waitMs?: number;
  readonly error?: string | null;
  readonly matched?: { readonly count: number; readonly complete: boolean };
}

/** Jobs that do something to many tasks or dead letters, and who runs them. All throw StoreUnavailableError. */
export interface BulkStore {
  /** `undefined`: `most` jobs run already. Jobs that ended more than 30 days ago are deleted by the way. */
  insert(job: NewBulkJob, most: number): Promise<BulkJob | undefined>;
  get(id: string): Promise<BulkJob | undefined>;
  /** Newest first; `before`: the id of the last one seen. */
  list(options: {
    readonly state?: BulkJobState;
    readonly limit: number;
    readonly before?: string;
  }): Promise<BulkJob[]>;
  /** The oldest running job that nobody holds; and how long its rate lets nothing be done, ms. */
  claim(lease: BulkLease): Promise<{ readonly job: BulkJob; readonly waitMs: number } | undefined>;
  /** Notes a step and renews the lease. `false`: the job has been stopped, or another one holds it; counts are kept in the first case. */
  advance(id: string, lease: BulkLease, step: BulkStep): Promise<boolean>;
  /** Lets others take the job on at once. */
  release(id: string, owner: string): Promise<void>;
  /** Ends a job that this owner holds, and writes so into the audit log in the same commit. `false`: it does not hold it, or it has ended. */
  finish(id: string, owner: string, state: Exclude<BulkJobState, 'running'>, error: string | null): Promise<boolean>;
  /** Stops a running job; of one that has ended nothing changes. `undefined`: there is none. `stopped`: by this call. */
  stop(id: string, by: string): Promise<{ readonly job: BulkJob; readonly stopped: boolean } | undefined>;

  /** Deletes those of these tasks that have ended, with what belongs to them; how many. */
  deleteTasks(ids: readonly string[]): Promise<number>;
  /** Deletes these dead letters; how many. */
  deleteDeadLetters(ids: readonly string[]): Promise<number>;
}
