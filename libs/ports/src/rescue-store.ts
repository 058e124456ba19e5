/** A task that waits for a message which only the broker knows of: it is neither claimed nor in the outbox. */
export interface AwaitedMessage {
  readonly taskId: string;
  readonly turn: number;
  readonly queue: string;
}

/** Where a page of live tasks ended; opaque. */
export interface RescueCursor {
  readonly at: string;
  readonly id: string;
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
  /** Puts a message of the same turn into the outbox for each that still waits; how many. */
  sendAgain(items: readonly AwaitedMessage[]): Promise<number>;
}
