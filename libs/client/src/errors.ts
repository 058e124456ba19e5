import { LovageError } from '@lovage/foundation';
import type { TaskErrorDocument } from '@lovage/task';

/** An option of a submit cannot be what it is; nothing was sent. */
export class SubmitOptionsError extends LovageError {
  readonly code = 'submit_options_invalid';
  constructor(
    readonly option: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`${option}: ${reason}`, options);
  }
}

/** The task ended `FAILURE` with an error that its contract does not declare, or `DEAD`. `document` tells what the worker kept. */
export class TaskFailedError extends LovageError {
  readonly code = 'task_failed';
  constructor(
    readonly taskId: string,
    readonly document: TaskErrorDocument,
    readonly state: 'FAILURE' | 'DEAD' = 'FAILURE',
  ) {
    // As the cause, so that a handler that waited for the task fails with its evidence.
    super(`task ${taskId} failed with ${document.type}: ${document.message}`, { cause: document });
  }
}

/** The task did not start before its expiry. */
export class TaskExpiredError extends LovageError {
  readonly code = 'task_expired';
  constructor(readonly taskId: string) {
    super(
      `task ${taskId} did not start before it expired; serve its queue with more workers, or give it a later expiry`,
    );
  }
}

/** The wait was too short: the task goes on, and `handle(taskId)` finds it again. */
export class ResultTimeoutError extends LovageError {
  readonly code = 'result_timeout';
  constructor(
    readonly taskId: string,
    readonly timeoutMs: number,
    /** False: its submit was still under way, so it may come to run or not. */
    readonly accepted = true,
  ) {
    super(
      accepted
        ? `task ${taskId} has not ended within ${timeoutMs} ms; it goes on: wait longer, or revoke it`
        : `task ${taskId} was not even accepted within ${timeoutMs} ms; it may run or not: look for it by its id`,
    );
  }
}

/** No task of this id is recorded. A task with `record: 'none'` never is, one with `record: 'final'` when it has ended. */
export class TaskUnknownError extends LovageError {
  readonly code = 'task_unknown';
  constructor(readonly taskId: string) {
    super(`no task ${taskId} is recorded; check the id, and the contract's record mode`);
  }
}

/** The idempotency key was used before, with something else. Nothing was stored. */
export class IdempotencyKeyReusedError extends LovageError {
  readonly code = 'idempotency_key_reused';
  constructor(
    readonly key: string,
    /** The task that the key stands for. */
    readonly taskId: string,
  ) {
    super(
      `the idempotency key ${JSON.stringify(key)} stands for task ${taskId}, submitted with other input or options; take a new key for a new task`,
    );
  }
}

/** The client was stopped before the submit, which sent nothing, or while somebody waited for a task. */
export class ClientStoppedError extends LovageError {
  readonly code = 'client_stopped';
  constructor(
    /** The task that was waited for. */
    readonly taskId?: string,
    /** False: its submit was still under way when the client dropped it, so it may come to run or not. */
    readonly accepted = true,
  ) {
    super(
      taskId === undefined
        ? 'this client is stopped: make a new one; nothing was sent'
        : `this client was stopped while task ${taskId} was waited for; ${accepted ? 'it goes on' : 'it may run or not'}: look for it by its id`,
    );
  }
}
