import type { TaskState } from '@lovage/task';
import type { TaskRow } from './task.ts';

/** What is asked for; everything given must hold. Times are ms since the epoch; `…From` is included, `…To` is not. */
export interface TaskFilter {
  /** It is one of these, at most 1000; ids of rows. */
  readonly ids?: readonly string[];
  /** Any of these. */
  readonly states?: readonly TaskState[];
  readonly name?: string;
  /** Its name begins so. */
  readonly namePrefix?: string;
  readonly queue?: string;
  /** Name of the worker that runs it or ran it last. */
  readonly worker?: string;
  readonly userId?: string;
  /** It has all of these. */
  readonly tags?: readonly string[];
  /** The task that submitted it. */
  readonly parentId?: string;
  /** Of this task's family, itself included. */
  readonly rootId?: string;
  /** The ended task that it runs again. */
  readonly retriedFrom?: string;
  /** It failed as the others of this group. */
  readonly failureGroup?: string;
  /** Fields of the input, by path, that hold these values: a text, or a number or boolean as JSON writes it. */
  readonly fields?: readonly { readonly path: string; readonly value: string }[];
  readonly createdFrom?: number;
  readonly createdTo?: number;
  readonly finishedFrom?: number;
  readonly finishedTo?: number;
  /** In the id, the name, the input or the error, in any case of letters. A whole id is found at once, however old. */
  readonly text?: string;
}

/**
 * Order of a list. `newest` (the usual one) and `oldest`: by when the tasks were made. `ended`: by when they ended, the latest first; ended
 * tasks alone.
 */
export type TaskSort = 'newest' | 'oldest' | 'ended';

/** Where a list was left. */
export interface TaskPosition {
  /** What the list goes by, ms since the epoch: when the task was made, or ended. */
  readonly at: number;
  readonly id: string;
}

/** Fields of a row that may be large. */
export type LargeField = 'input' | 'result' | 'error' | 'progress';

/** A row as lists have it: a field too large for a list is null, and named. */
export interface ListedTask extends TaskRow {
  readonly omitted: readonly LargeField[];
}

export interface TaskPage {
  readonly items: readonly ListedTask[];
  /** Where the next page begins; null at the end. One that is not full has none, unless its time was up: see `searchedTo`. */
  readonly next: TaskPosition | null;
  /**
   * Set when the page is short because no more tasks were looked at within its time: nothing beyond this, ms since the epoch, was:
   * what was made (or ended) before it, and in a list of the oldest, after it.
   */
  readonly searchedTo: number | null;
}

/** Tasks by state. */
export interface TaskCounts {
  readonly states: Readonly<Record<TaskState, number>>;
  /** More tasks are live than are counted one by one: the numbers of live states are estimates. */
  readonly approximate: boolean;
}

/** Of the tasks of a filter. */
export interface FilteredCounts {
  readonly states: Readonly<Record<TaskState, number>>;
  /** Only so many tasks are looked at, the newest: what was made before this, ms since the epoch, is not counted. Null: all are. */
  readonly countedFrom: number | null;
}

/** Of all tasks of a filter, however old. */
export interface WholeCounts {
  /** States without any are left out. */
  readonly states: Readonly<Partial<Record<TaskState, number>>>;
  /** False: there are more; the time was not enough to look at all. */
  readonly complete: boolean;
}

/** How the platform stands. */
export interface ClusterGauges {
  /** Live tasks; of more than are counted one by one, the oldest. */
  readonly live: readonly {
    readonly queue: string;
    readonly state: TaskState;
    readonly tasks: number;
    readonly oldestSeconds: number;
  }[];
  /** Messages that should have been sent, and for how long the first of them. */
  readonly outbox: { readonly due: number; readonly lagSeconds: number };
  /** Workers whose lease runs. */
  readonly workers: number;
  /** Dead letters that have not become tasks again, of the newest 20,000. */
  readonly deadLetters: readonly { readonly reason: string; readonly n: number }[];
}

/** A step that a task has done once. */
export interface TaskStep {
  readonly key: string;
  /** When it was recorded, ms since the epoch. */
  readonly at: number;
}

/** An attempt that had another after it. */
export interface TaskAttempt {
  readonly outcome: 'RETRY' | 'SNOOZED' | 'RELEASED' | 'CRASHED' | 'LOST' | TaskState;
  /** Name of the worker; null where it is long gone. */
  readonly worker: string | null;
  readonly error: unknown;
  readonly startedAt: number | null;
  /** null: it runs. */
  readonly endedAt: number | null;
}

/**
 * Questions about many tasks. They take a bounded time at any number of tasks, on connections of their own, so the path of
 * tasks never waits for them. All throw StoreUnavailableError.
 */
export interface TaskLists {
  /** Newest first, by the time of their making, unless `sort` says otherwise; `after` is of a list of the same order. */
  list(
    filter: TaskFilter,
    page: { readonly limit: number; readonly after?: TaskPosition; readonly sort?: TaskSort },
  ): Promise<TaskPage>;
  counts(): Promise<TaskCounts>;
  /** Tasks of a filter by state. */
  countsOf(filter: TaskFilter): Promise<FilteredCounts>;
  /** The same without a bound on how many are looked at. `timeMs`: no part is begun later than this after the first. */
  countAll(filter: TaskFilter, options: { readonly timeMs: number }): Promise<WholeCounts>;
  gauges(): Promise<ClusterGauges>;
  /** Attempts that were not the last, oldest first, the newest 1000 of them. */
  attempts(id: string): Promise<TaskAttempt[]>;
  /** Steps that a task has recorded, oldest first; without what they came to. */
  steps(id: string): Promise<TaskStep[]>;
}
