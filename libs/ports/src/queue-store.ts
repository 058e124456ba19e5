/** Since when, by whom and why a queue is paused. */
export interface QueuePause {
  /** ms since the epoch. */
  readonly at: number;
  readonly by: string | null;
  readonly why: string | null;
}

/** A queue as the rows of its tasks tell it. */
export interface QueueFacts {
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

/** Facts of queues, all of one moment. */
export interface QueueReport {
  readonly queues: readonly QueueFacts[];
  /** More tasks are live than are counted one by one: of the counts the oldest and the newest of them are seen. */
  readonly approximate: boolean;
}

/** Queues. Reads take a bounded time at any number of tasks. All throw StoreUnavailableError. */
export interface QueueStore {
  /** Those of these queues that are paused. Workers ask this each second. */
  paused(queues: readonly string[]): Promise<string[]>;
  /** Workers stop taking its messages within seconds, also those that start later; what runs goes on. The first pause stays. */
  pause(queue: string, by: { who: string | null; why: string | null }): Promise<QueuePause>;
  /** Whether it was paused. */
  resume(queue: string): Promise<boolean>;
  /** The queues given, and all that live tasks wait in, live workers serve or somebody has paused; by name, at most 1000. */
  report(queues: readonly string[]): Promise<QueueReport>;
}
