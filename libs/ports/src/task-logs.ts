import type { ListedTask } from './task-lists.ts';

/** Levels of {@link TaskLogLine}, least first. */
export const TASK_LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type TaskLogLevel = (typeof TASK_LOG_LEVELS)[number];

/** Lines kept of one task, over all its attempts. */
export const MAX_TASK_LOG_LINES = 1_000;

/** A line that a handler wrote with `task.log`. */
export interface NewTaskLogLine {
  readonly taskId: string;
  readonly attempt: number;
  /** ms since the epoch, by the worker's clock. */
  readonly at: number;
  readonly level: TaskLogLevel;
  /** Without NUL. */
  readonly message: string;
  /** JSON text of an object. */
  readonly fields: string | null;
}

/** Where workers write what handlers log. */
export interface TaskLogSink {
  /** In order. Of each task {@link MAX_TASK_LOG_LINES} are kept, the first ones. @throws StoreUnavailableError */
  write(lines: readonly NewTaskLogLine[]): Promise<void>;
}

export interface TaskLogLine {
  /** From 1 on for each task. */
  readonly no: number;
  readonly attempt: number;
  readonly at: number;
  readonly level: TaskLogLevel;
  readonly message: string;
  readonly fields: unknown;
}

/** How far a task has come. */
export interface TaskVersion {
  readonly id: string;
  /** Higher after every change of state or progress, whichever process makes it and wherever it is read. */
  readonly version: number;
  /** Of the newest log line; 0: none. */
  readonly lastLogNo: number;
}

/** A task's row with its version. */
export interface TaskSnapshot {
  /** Without fields of more than 64 KiB: they are null, and named. */
  readonly row: ListedTask;
  readonly version: number;
  /** How often its progress was written. */
  readonly progressNo: number;
}

/** For those who follow tasks live. All throw StoreUnavailableError. */
export interface TaskEvents {
  /** Of those there are, in one query. */
  versions(ids: readonly string[]): Promise<TaskVersion[]>;
  snapshot(id: string): Promise<TaskSnapshot | undefined>;
  /** Lines after that number, at least of that level, oldest first. */
  logs(
    id: string,
    options: { readonly after: number; readonly limit: number; readonly level?: TaskLogLevel },
  ): Promise<TaskLogLine[]>;
}
