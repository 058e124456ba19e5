import type { TaskErrorDocument, TaskState } from '@lovage/task';

/** A worker of Celery, as its last heartbeat told. Times are ms since the epoch. */
export interface SeenCeleryWorker {
  readonly name: string;
  readonly pid: number | null;
  readonly software: string | null;
  readonly version: string | null;
  /** Tasks that it runs. */
  readonly active: number | null;
  /** Tasks that it has run. */
  readonly processed: number | null;
  /** Seconds between its heartbeats. */
  readonly freq: number;
  /** It said that it ends. */
  readonly gone: boolean;
}

export interface KnownCeleryWorker extends Omit<SeenCeleryWorker, 'gone'> {
  /** Since when it is known without a break. */
  readonly startedAt: number;
  readonly seenAt: number;
  readonly goneAt: number | null;
  /** Its heartbeats come. */
  readonly alive: boolean;
}

/** What the events of one task of Celery's have told since the last time, the latest of each. */
export interface ObservedTask {
  readonly id: string;
  /** The id on the wire where it is no UUID. */
  readonly wireId: string | null;
  /** Null: the event that names it was missed; then only a row that is there is changed. */
  readonly name: string | null;
  readonly queue: string;
  readonly state: TaskState;
  /** Its worker has requeued it: it waits again, in whatever state it was. */
  readonly requeued: boolean;
  /** Name of the worker; null: nobody has it yet. */
  readonly worker: string | null;
  /** As text of Python. */
  readonly args: string | null;
  readonly kwargs: string | null;
  readonly rootId: string | null;
  readonly parentId: string | null;
  readonly retries: number;
  /** ms since the epoch. */
  readonly eta: number | null;
  readonly expiresAt: number | null;
  /** As text of Python. */
  readonly result: string | null;
  readonly error: TaskErrorDocument | null;
}

/** What is known of Celery's workers and of tasks that nobody submitted here. All throw StoreUnavailableError. */
export interface CeleryWatchStore {
  /** Takes the watch, or keeps it, for so long. False: another one has it. */
  hold(holder: string, forMs: number): Promise<boolean>;
  /** Gives the watch up. */
  release(holder: string): Promise<void>;
  /** Workers, of names that no worker of ours has; no more than 1000 are known. */
  seen(workers: readonly SeenCeleryWorker[]): Promise<void>;
  /** All that are known, at most 1000: those that run first, by name. */
  workers(): Promise<KnownCeleryWorker[]>;
  /**
   * Tasks, one item a task. Rows are made for those that have none; of rows that are there only those change that were made so, and
   * of tasks that were submitted to Celery from here only that they have started, or wait again.
   * @throws ValueRefusedError
   */
  observed(tasks: readonly ObservedTask[]): Promise<void>;
  /** Observed tasks that have not ended: at most `most` are counted. */
  open(most: number): Promise<number>;
  /** Forgets workers that have gone a day ago, and ends observed tasks that nobody is known to run any more. How many ended. */
  tidy(): Promise<number>;
}
