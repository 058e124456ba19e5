import type { TaskState } from '@lovage/task';
import type { ServedContract } from './pass-on.ts';

/** How the process of a worker did at its last renewal; null: it did not tell. */
export interface WorkerVitals {
  readonly slots: number | null;
  readonly slotsUsed: number | null;
  readonly waiting: number | null;
  /** Cores used. */
  readonly cpu: number | null;
  readonly memoryMb: number | null;
  readonly eventLoopDelayMs: number | null;
  /** 0 to 1. */
  readonly eventLoopUse: number | null;
}

/** A start of a worker. Times are ms since the epoch. */
export interface KnownWorker {
  readonly id: string;
  readonly name: string;
  readonly host: string | null;
  readonly pid: number | null;
  readonly queues: readonly string[];
  /** Null: it did not tell. */
  readonly contracts: readonly string[] | null;
  readonly serves: readonly ServedContract[] | null;
  readonly concurrency: number | null;
  readonly pool: string | null;
  readonly running: number;
  /** When the attempt began that it has run longest; null: it runs none. */
  readonly oldestRunningAt: number | null;
  readonly vitals: WorkerVitals;
  readonly startedAt: number;
  /** Its last renewal; null: a worker of an older release. */
  readonly seenAt: number | null;
  readonly leaseUntil: number;
  /** The lease runs, or ran when the worker was removed. */
  readonly leased: boolean;
  readonly stopping: boolean;
  /** When its row was removed; null: it is there. */
  readonly goneAt: number | null;
  /** Tasks that it held when it was first taken for dead. */
  readonly held: number | null;
  /** The same process has another lease, which runs. */
  readonly replaced: boolean;
}

/** A task that a worker runs. */
export interface WorkerTask {
  readonly id: string;
  readonly wireId: string | null;
  readonly name: string;
  readonly queue: string;
  readonly state: TaskState;
  readonly retries: number;
  /** ms since the epoch. */
  readonly startedAt: number | null;
  /** For how long it has run. */
  readonly seconds: number | null;
}

/**
 * Workers as they told with their leases. What they run is counted among the oldest 10,000 and the newest 10,000 live tasks, so every
 * read takes a bounded time. All throw StoreUnavailableError.
 */
export interface WorkerStore {
  /** Those whose row is there, by name, at most 1000; not `lapsed`: only those whose lease runs. */
  present(lapsed: boolean): Promise<KnownWorker[]>;
  /** Those removed within a day, the latest first, at most 1000. */
  gone(): Promise<KnownWorker[]>;
  /** All starts of a name or an id, gone ones too: those whose lease runs first, then the latest; at most 21. */
  named(nameOrId: string): Promise<KnownWorker[]>;
  /** What a worker runs: the longest first. */
  tasks(id: string, limit: number): Promise<WorkerTask[]>;
}
