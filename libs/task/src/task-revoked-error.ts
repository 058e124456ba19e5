import { LovageError } from '@lovage/foundation';

/**
 * The task was cancelled. Reason of an aborted `task.signal` in the handler that ran it, and thrown to callers that wait for its
 * result.
 */
export class TaskRevokedError extends LovageError {
  readonly code = 'task_revoked';
  constructor(
    readonly taskId: string,
    /** What was given to the revoke, where it is known. */
    readonly reason: string | null = null,
    /** Who cancelled it, where it is known: a user's id, or what the caller of `revoke` named. */
    readonly actor: string | null = null,
  ) {
    super(`task ${taskId} was revoked${reason ? `: ${reason}` : ''}`);
  }

  /** @deprecated Use {@link reason}. Goes with the next release. */
  get why(): string | null {
    return this.reason;
  }

  /** @deprecated Use {@link actor}. Goes with the next release. */
  get by(): string | null {
    return this.actor;
  }
}
