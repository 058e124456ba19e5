import type { WorkerId } from './task.ts';

/** A task that waits for a message which only the broker knows of: it is neither claimed nor in the outbox. */
export interface AwaitedMessage {
  readonly taskId: string;
  readonly generation: number;
  readonly queue: string;
}

/** Where a page of live tasks ended; opaque. */
export interface RescueCursor {
  readonly at: string;
  readonly id: string;
}

/** Who serves a queue, and what of it they hold. */
export interface QueueHolders {
  readonly queue: string;
  /** Workers that serve it and whose lease runs. */
  readonly workers: number;
  /** Of them those that have told what they hold since they were asked. */
  readonly answered: number;
  /** Ids of the tasks whose messages these hold. */
  readonly held: ReadonlySet<string>;
}

/** The workers' side of the search for lost messages. */
export interface MessageHoldings {
  /** Those of these queues about which this worker was asked within the last minute and has not answered yet. */
  sought(worker: WorkerId, queues: readonly string[]): Promise<string[]>;
  /** Tells whose messages this worker holds of a queue. @throws ValueRefusedError its lease is gone. */
  report(worker: WorkerId, queue: string, taskIds: readonly string[]): Promise<void>;
}

/** Finds tasks whose message may be lost, and sends it again. */
export interface RescueStore {
  /**
   * Reads up to `limit` live tasks, oldest first, that were made and last started more than `olderThanMs` ago; gives those that
   * wait for a message. `next`: where to go on; undefined: these were the last.
   */
  awaited(options: {
    after: RescueCursor | undefined;
    limit: number;
    olderThanMs: number;
  }): Promise<{ items: AwaitedMessage[]; next: RescueCursor | undefined }>;
  /** Asks those who serve these queues what they hold; when, to be given to {@link holders}. */
  ask(queues: readonly string[]): Promise<string>;
  /** The answers since then. A queue that nobody serves is left out. */
  holders(queues: readonly string[], since: string): Promise<QueueHolders[]>;
  /** Puts a message of the same generation into the outbox for each that still waits; how many. */
  resend(items: readonly AwaitedMessage[]): Promise<number>;
}
