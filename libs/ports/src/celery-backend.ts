import type { Service } from '@lovage/foundation';

/** A state of a task as Celery's result backend keeps it. */
export interface StoredState {
  /** The id on the wire. */
  readonly taskId: string;
  /** The document under `celery-task-meta-<id>`: JSON text of `encodeMeta` (libs/celery). */
  readonly meta: string;
  /** `SUCCESS`, `FAILURE` or `REVOKED`: such a state stays, whatever comes late; `SUCCESS` stays whatever comes. */
  readonly ready: boolean;
}

/** One part of a chord is done. */
export interface ChordPart {
  readonly groupId: string;
  /** Place among the results of the body; null: at the end, as Celery does. */
  readonly groupIndex: number | null;
  /**
   * JSON text `[1, "<task id>", "SUCCESS", <result>]`, or with `FAILURE` and an exception. The same part told twice has to have the same text: it counts once.
   */
  readonly part: string;
  /** Of the task that is done, on the wire. */
  readonly taskId: string;
}

/** How far a chord is. */
export interface ChordCount {
  /** Parts that are done, this one included. */
  readonly done: number;
  /** Parts in all; null: nobody has stated the size, so there is no chord to finish here. */
  readonly size: number | null;
}

/** A state that somebody has written. */
export interface StateNotice {
  /** The id on the wire. */
  readonly taskId: string;
  readonly meta: Buffer;
}

/** Hears of the tasks that it follows. */
export interface StateWatch {
  /** Best effort: while the connection is away it is made up for with the next one. */
  follow(taskIds: readonly string[]): void;
  unfollow(taskIds: readonly string[]): void;
  close(): void;
}

/**
 * Celery's result backend: what its clients read with `AsyncResult`, and where chords are counted. The row in Postgres is the truth; this
 * is a copy for others. Every call fails at once while the server is away.
 */
export interface CeleryBackend extends Service {
  /** Fit for logs: no password. */
  readonly displayUrl: string;
  /** Commands can be sent. */
  readonly isUp: boolean;
  /** Calls `listener` at each change of {@link isUp}; returns how to stop that. */
  onChange(listener: (isUp: boolean) => void): () => void;

  /** Connects in the background, for ever; never rejects because of the server. */
  start(): Promise<void>;

  /**
   * Writes states in their order and tells those that wait, in one round trip.
   * @throws CeleryBackendError some may be written; to write them again does no harm.
   */
  store(states: readonly StoredState[]): Promise<void>;
  /** The documents of tasks, in the order of the ids; null: none is kept. @throws CeleryBackendError */
  load(taskIds: readonly string[]): Promise<(string | null)[]>;
  /** Of these ids those without a state that is ready. @throws CeleryBackendError */
  withoutEnd(taskIds: readonly string[]): Promise<string[]>;
  /** Hears states as anybody writes them. Those written while the connection is away are missed. */
  watch(onState: (notice: StateNotice) => void): StateWatch;

  /** States how many parts a chord has, before the last of them is published. @throws CeleryBackendError */
  setChordSize(groupId: string, size: number): Promise<void>;
  /**
   * Counts a part, and tells how far its chord is. Unless that is complete by it, it is noted that the part is dealt with ({@link withoutPart}).
   * @throws CeleryBackendError
   */
  addChordPart(part: ChordPart): Promise<ChordCount>;
  /** Of these tasks those whose parts are not dealt with, as far as workers of ours have counted them. @throws CeleryBackendError */
  withoutPart(taskIds: readonly string[]): Promise<string[]>;
  /** The parts of a chord in the order of their places: as {@link ChordPart.part}. @throws CeleryBackendError */
  chordParts(groupId: string): Promise<string[]>;
  /**
   * The chord is dealt with, and with it the part of the task that was its last: its count is forgotten, or kept until it expires.
   * @throws CeleryBackendError
   */
  endChord(chord: { readonly groupId: string; readonly taskId: string; readonly keep?: boolean }): Promise<void>;
  /** A saved `GroupResult`, JSON text, as nested headers have; null: none. @throws CeleryBackendError */
  group(groupId: string): Promise<string | null>;
  /** Saves a `GroupResult`, JSON text. @throws CeleryBackendError */
  saveGroup(groupId: string, group: string): Promise<void>;
}
