import type { LiveEvents, LiveTopic } from '@lovage/http-api';

/** An event without what belongs to one client. */
export interface LiveEvent {
  readonly event: keyof LiveEvents;
  readonly data: LiveEvents[keyof LiveEvents];
}

/** Tasks that a client watches by name: the id of the row of each, and the id that the client knows it by. */
export type WatchedIds = ReadonlyMap<string, string>;

/**
 * Something that is read again and again for all who watch it. It keeps how things are and in which revision each part changed last,
 * so a client is one number: the revision that it knows. A client that was slow gets the sum of what it missed.
 */
export interface LiveSource {
  readonly topic: LiveTopic;
  /** Least time from one read to the next, ms. */
  readonly everyMs: number;
  /** 0: not read yet. It rises with each read that finds a change. */
  readonly revision: number;
  /** @throws StoreUnavailableError among others; then nothing has changed. */
  read(): Promise<void>;
  /** What a client has to be told that knows a revision; 0: nothing. Undefined: it knows everything. `watched`: as in `follow`. */
  since(revision: number, watched: WatchedIds): LiveEvent | undefined;
  /** Reads these as well, until the function that it gives is called. Left out: the source has nothing of the kind. */
  follow?(watched: WatchedIds): () => void;
}
