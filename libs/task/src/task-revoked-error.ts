import { LovageError } from '@lovage/foundation';

/**
 * The task was called off. Reason of an aborted `task.signal` in the handler that ran it, and thrown to whoever waits for its
 * result.
 */
export class TaskRevokedError extends LovageError {
  readonly code = 'task_revoked';
  constructor(
    readonly taskId: string,
    /** What was given to the revoke, where it is known. */
    readonly why: string | null = null,
    /** Who called it off, where it is known: a user's id, or what the caller of `revoke` named. */
    readonly by: string | null = null,
  ) {
    super(`task ${taskId} was revoked${why ? `: ${why}` : ''}`);
  }
}
