import type { TaskErrorDocument, TaskExtra, TaskState } from '@lovage/task';

/** UUID of one start of one worker process. With a counter of its own it makes a claim unique for ever. */
export type WorkerId = string;

/** Name of a row whose message tells none. */
export const UNREADABLE_NAME = '(unreadable)';

/**
 * A task as it is submitted: everything needed to make its message (again).
 * JSON fields travel as text, made once; the store never parses them.
 */
export interface NewTask {
  readonly id: string;
  /** The id on the wire when it is no UUID (a Celery caller's own); else null. */
  readonly wireId: string | null;
  readonly name: string;
  readonly queue: string;
  /** JSON text of the input object; null when the message carries positional arguments instead (kept in `message`). */
  readonly input: string | null;
  /** JSON text of what the columns do not tell: reply address, time limits, foreign arguments, extra headers. Null when there is nothing. */
  readonly message: string | null;
  readonly userId: string | null;
  readonly parentId: string | null;
  readonly rootId: string | null;
  readonly retriedFrom: string | null;
  /** ms since the epoch. */
  readonly eta: number | null;
  readonly expiresAt: number | null;
  /** As submitted, 0 to 9; null: none. Celery's producers may state up to 255. */
  readonly priority: number | null;
  /** What the input was made for: contract version and schema fingerprint (libs/task, `Stamp`). Null or left out: nobody said. */
  readonly stamp?: string | null;
  /** JSON text of a {@link TaskExtra}. Null or left out: nothing of it. */
  readonly extra?: string | null;
}

/** A new task of which no more than this is known: all else is null. */
export function blankTask(known: Pick<NewTask, 'id' | 'name' | 'queue'> & Partial<NewTask>): NewTask {
  return {
    wireId: null,
    input: null,
    message: null,
    userId: null,
    parentId: null,
    rootId: null,
    retriedFrom: null,
    eta: null,
    expiresAt: null,
    priority: null,
    ...known,
  };
}

/**
 * How an error got away that nobody caught: `rejection` of a promise that nobody awaits, or `exception` from a timer, a callback, an
 * event without a listener.
 */
export type EscapedKind = 'rejection' | 'exception';

/** What is kept of the errors of a task's code that nobody caught. */
export interface EscapedRecord {
  readonly count: number;
  readonly last: {
    readonly kind: EscapedKind;
    /** ISO 8601, by the worker's clock. */
    readonly at: string;
    readonly attempt: number;
    readonly error: TaskErrorDocument;
  };
}

/** Errors of one task that nobody caught, since the last that were noted. */
export interface EscapedItem {
  readonly id: string;
  readonly count: number;
  /** JSON text of {@link EscapedRecord.last}. */
  readonly last: string;
}

/** A task row as read: what it was made of, and what has become of it. Times are ms since the epoch; JSON fields are parsed. */
export interface TaskRow extends Omit<NewTask, 'input' | 'message' | 'extra'> {
  readonly state: TaskState;
  readonly generation: number;
  readonly retries: number;
  readonly suspected: number;
  /** Deaths of the child that ran it. */
  readonly crashes: number;
  /** It runs in quarantine, in a group of at most so many. Left out or null: it does not, unless a child died of it. */
  readonly quarantineGroup?: number | null;
  readonly input: unknown;
  readonly message: unknown;
  readonly result: unknown;
  readonly error: TaskErrorDocument | null;
  /** Left out or null: none. */
  readonly escaped?: EscapedRecord | null;
  readonly progress: unknown;
  /** Name of the worker that runs it or ran it last. */
  readonly worker: string | null;
  /** Left out or null: nothing of it. */
  readonly extra?: TaskExtra | null;
  readonly cancelAt: number | null;
  readonly cancelActor: string | null;
  readonly cancelReason: string | null;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
}
