import { LovageError } from '@lovage/foundation';

/** Reason of an aborted `task.signal`: the contract's `softTimeLimit` has passed. Thrown on, it is an ordinary failure. */
export class SoftTimeLimitExceeded extends LovageError {
  readonly code = 'soft_time_limit_exceeded';
  constructor(limitMs: number) {
    super(`the soft time limit of ${limitMs / 1000} s has passed`);
  }
}

/** Reason of an aborted `task.signal`, and the failure that is recorded: the contract's `timeLimit` has passed. */
export class TimeLimitExceeded extends LovageError {
  readonly code = 'time_limit_exceeded';
  constructor(limitMs: number) {
    super(`the time limit of ${limitMs / 1000} s has passed`);
  }
}

/** Reason of an aborted `task.signal`: the worker stops. The task is released and costs no attempt. */
export class WorkerShutdown extends LovageError {
  readonly code = 'worker_shutdown';
  constructor() {
    super('the worker stops; the task is released');
  }
}

/** The attempt ended with the child of another task, which was ended for its own sake. The task is requeued and costs no attempt. */
export class NeighbourEnded extends LovageError {
  readonly code = 'neighbour_ended';
  constructor() {
    super('the child that ran the task was ended because of another task in it; the task is requeued');
  }
}

/** Reason of an aborted `task.signal`: this worker was taken for dead, others may run the task by now. */
export class LeaseLost extends LovageError {
  readonly code = 'lease_lost';
  constructor() {
    super("the worker's lease was lost; another worker may run this task by now");
  }
}

/** Thrown by `task.retry(…)`. */
export class RetryRequested extends LovageError {
  readonly code = 'retry_requested';
  constructor(
    readonly delayMs: number | undefined,
    cause: unknown,
  ) {
    super('the handler asked for a retry', { cause });
  }
}

/** Thrown by `task.snooze(…)`. */
export class SnoozeRequested extends LovageError {
  readonly code = 'snooze_requested';
  constructor(readonly delayMs: number) {
    super('the handler asked to run later');
  }
}

/** Thrown by `task.reject(…)`. */
export class RejectRequested extends LovageError {
  readonly code = 'reject_requested';
  constructor(reason = 'the handler has rejected the task') {
    super(reason);
  }
}

/** Thrown by `task.ignore(…)`. */
export class IgnoreRequested extends LovageError {
  readonly code = 'ignore_requested';
  constructor(reason = 'the handler has ignored the task') {
    super(reason);
  }
}

/** The failure that is recorded when `task.retry()` came with no cause and the attempts are used up. */
export class MaxRetriesExceeded extends LovageError {
  readonly code = 'max_retries_exceeded';
  constructor(attempts: number) {
    super(`the handler asked for a retry, but all ${attempts} attempts are used up`);
  }
}

/** The failure that is recorded for a task that a batch handler was given and said nothing about. */
export class BatchOutcomeMissing extends LovageError {
  readonly code = 'batch_outcome_missing';
  constructor(contract: string, how: string) {
    super(`the batch handler of ${contract} ${how}: no outcome for this task`);
  }
}

/** The failure that is recorded for a task whose contract the worker does not serve. */
export class NotRegistered extends LovageError {
  readonly code = 'not_registered';
  constructor(name: string) {
    const hint = name.startsWith('celery.')
      ? ": only Celery's own workers run it, let one of them consume the queue"
      : '';
    super(`no handler is registered for ${JSON.stringify(name)} on the worker that got it${hint}`);
  }
}
