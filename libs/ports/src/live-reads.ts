import type { TaskState, TerminalState } from '@lovage/task';
import type { TaskFilter } from './task-lists.ts';

/** How fast tasks start and end, by the rows of the last seconds. */
export interface Throughput {
  /** Over how many of the last seconds the rates are: 5, or what the newest 5,000 ended tasks cover. */
  readonly seconds: number;
  /** Tasks a second whose latest attempt started. */
  readonly started: number;
  /** Tasks a second that ended, by their state; a state that none ended in may be left out. */
  readonly ended: Readonly<Partial<Record<TerminalState, number>>>;
}

/** A task as those see it who watch a list. Times are ms since the epoch. */
export interface WatchedTask {
  readonly id: string;
  readonly wireId: string | null;
  readonly name: string;
  readonly state: TaskState;
  readonly generation: number;
  readonly retries: number;
  /** Deaths of workers while it ran. */
  readonly suspected: number;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly cancelAt: number | null;
}

/** What became of a task that was in a list. */
export interface WatchedFit extends WatchedTask {
  /** It still meets the filter: newer tasks took its place. */
  readonly fits: boolean;
}

/** Questions that are asked again and again while somebody watches. They take a bounded time. All throw StoreUnavailableError. */
export interface LiveReads {
  throughput(): Promise<Throughput>;
  /** The newest tasks of a filter, newest first, among as many as one page of a list looks at first. */
  newest(filter: TaskFilter, limit: number): Promise<WatchedTask[]>;
  /** Those of these tasks that exist. */
  fits(filter: TaskFilter, ids: readonly string[]): Promise<WatchedFit[]>;
}
