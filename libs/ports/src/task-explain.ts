import type { HeldBack } from './limit-store.ts';
import type { PassOnReason } from './pass-on.ts';
import type { QueuePause } from './queue-store.ts';
import type { TaskAttempt } from './task-lists.ts';
import type { TaskRow } from './task.ts';

/** The worker that a running task's claim names. Times are ms since the epoch. */
export interface TaskHolder {
  readonly id: string;
  readonly name: string | null;
  readonly host: string | null;
  readonly pid: number | null;
  readonly pool: string | null;
  /** Null: its row is gone. */
  readonly leaseUntil: number | null;
  readonly alive: boolean;
}

/** How a task was last passed on by a worker that could not run it. */
export interface TaskPassedOn {
  readonly reason: PassOnReason;
  /** In a row. */
  readonly times: number;
  /** Since when no live worker serves it, ms since the epoch; null: one did at that time. */
  readonly since: number | null;
  /** What a worker must have to run it; null: any will do. */
  readonly version: number | null;
  readonly fingerprint: string | null;
}

/** What a live worker tells that it serves; at most 100 contracts. Null: it does not tell. */
export interface ServingWorker {
  readonly worker: string;
  readonly contracts: readonly { readonly name: string; readonly version: number | null }[] | null;
}

/** All that is known of where a task is, of one moment. Times are ms since the epoch, by the database's clock. */
export interface ExplainedTask {
  readonly now: number;
  readonly task: TaskRow;
  readonly expired: boolean;
  /** Of its queue. */
  readonly pause: QueuePause | null;
  /** Who runs it. */
  readonly holder: TaskHolder | null;
  /** Its message that is still with us: it is not with the broker. */
  readonly outbox: { readonly dueAt: number; readonly due: boolean } | null;
  /** A limit that it waits for. */
  readonly heldBack: HeldBack | null;
  /** The latest attempt that has ended and was not the last. */
  readonly lastAttempt: Omit<TaskAttempt, 'worker'> | null;
  /** The newest dead letter that names it. */
  readonly deadLetter: { readonly id: string; readonly reason: string } | null;
  /** It waits for the quarantine: suspects that wait too and are older. Null: it is no suspect, or does not wait. */
  readonly quarantineBefore: number | null;
  /** Live workers that serve its queue; of them those that serve its contract. */
  readonly serveQueue: number;
  readonly serveContract: number;
  /** Where none serves its contract: some of those of its queue, and some that serve the contract in other queues. */
  readonly serving: readonly ServingWorker[];
  readonly elsewhere: readonly { readonly worker: string; readonly queues: readonly string[] }[];
  /** Its message was last passed on, and no worker has run it since. */
  readonly passedOn: TaskPassedOn | null;
}

export interface TaskExplain {
  /** Undefined: no such task. Read in one statement. @throws StoreUnavailableError */
  read(id: string): Promise<ExplainedTask | undefined>;
}
