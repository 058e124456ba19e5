/** Since when, by whom and for what reason a queue is paused. */
export interface QueuePause {
  /** ms since the epoch. */
  readonly at: number;
  /** A user's id, where it is known. */
  readonly actor: string | null;
  readonly reason: string | null;
}

/** A queue as the rows of its tasks tell it. */
export interface QueueStatus {
  readonly queue: string;
  readonly pause: QueuePause | null;
  /** Tasks that nobody runs, those for later included. */
  readonly waiting: number;
  /** Of them those whose time has not come. */
  readonly later: number;
  readonly running: number;
  /** How long the one that waits longest has waited since it could have run, s; null when none does. */
  readonly oldestSeconds: number | null;
  /** Tasks submitted a second, and ended a second, over the last minute. */
  readonly inPerSecond: number;
  readonly outPerSecond: number;
}

/** Status of queues, all of one moment. */
export interface QueueReport {
  readonly queues: readonly QueueStatus[];
  /** More tasks are live than are counted one by one: of the counts the oldest and the newest of them are seen. */
  readonly approximate: boolean;
}

/** What a scaler of workers asks of a queue, by the rows of tasks and workers: the same with every broker. */
export interface QueueScaling {
  /** Tasks that a worker could run now: not delayed, not before a retry, not held by a limit; 0 while the queue is paused. */
  readonly ready: number;
  /** Tasks that nobody runs and whose message was sent: of what waits with the broker so much has a row. */
  readonly sent: number;
  readonly paused: boolean;
  /** How long the oldest of {@link ready} could have run already, s; 0 when there is none. Retries count in `ready` alone. */
  readonly oldestAgeSeconds: number;
  /** Tasks that run: by their rows, or by what workers of this queue tell of their slots, where that is more (tasks without rows). */
  readonly running: number;
  /** Tasks ended a second, over the last minute, of a busier one over its newest part. */
  readonly endedPerSecond: number;
  /**
   * Tasks a second that the workers now there end while tasks wait: since the oldest of them could have run, at most over the last minute.
   * Null: not known, as with no worker, or before workers had ten seconds together.
   */
  readonly drainPerSecond: number | null;
  /** More tasks are due than are counted: `ready` and `running` are at least what is told. */
  readonly approximate: boolean;
}

/** Queues. Reads take a bounded time at any number of tasks. All throw StoreUnavailableError. */
export interface QueueStore {
  /** Those of these queues that are paused. Workers ask this each second. */
  paused(queues: readonly string[]): Promise<string[]>;
  /** Workers stop taking its messages within seconds, also those that start later; what runs goes on. The first pause stays. */
  pause(queue: string, by: { actor: string | null; reason: string | null }): Promise<QueuePause>;
  /** Whether it was paused. */
  resume(queue: string): Promise<boolean>;
  /** The queues given, and all that live tasks wait in, live workers serve or somebody has paused; by name, at most 1000. */
  report(queues: readonly string[]): Promise<QueueReport>;
  /** One statement. A queue that nothing is known of has nothing to do. */
  scaling(queue: string): Promise<QueueScaling>;
}
