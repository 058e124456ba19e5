import type { TaskErrorDocument, TaskState } from '@lovage/task';

/** What a worker of Celery says of a task. */
export interface ForeignReport {
  readonly taskId: string;
  /** `STARTED`, `PROGRESS`, `RETRY` (a failed attempt with another to come), or how it ended. */
  readonly state: TaskState;
  /** JSON text: the result of `SUCCESS`, what `PROGRESS` reports; else null. */
  readonly value: string | null;
  /** Of a state of failure. */
  readonly error: TaskErrorDocument | null;
  /** Name of the worker, where it says so. */
  readonly worker: string | null;
  /** It may be told again, by another beat: a retry counts only where the row does not wait for one already. Default false. */
  readonly repeats?: boolean;
}

/** What a report has come to. */
export interface ForeignRecorded {
  readonly taskId: string;
  /** The task's state now. */
  readonly state: TaskState;
  /** False: it had ended before, or a worker of ours holds it. */
  readonly changed: boolean;
  /** Whose client waits for it. */
  readonly inbox: string | null;
}

/** Tasks that workers of another platform run: they hold no claim, their reports are recorded for them. */
export interface ForeignStore {
  /**
   * Records reports in their order; answers one for each task that is a foreign one. Only tasks that were submitted as foreign ones are touched, none that has ended, and none that
   * a worker of ours holds: what a broker's user sends cannot change any other task.
   * @throws ValueRefusedError Postgres takes one of them in no form. @throws StoreUnavailableError
   */
  report(reports: readonly ForeignReport[]): Promise<ForeignRecorded[]>;
}
