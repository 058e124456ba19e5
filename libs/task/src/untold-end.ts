import type { TaskErrorDocument } from './errors.ts';

/** Codes of what `task.reject` and `task.ignore` throw. */
export const REJECT_CODE = 'reject_requested';
export const IGNORE_CODE = 'ignore_requested';

/**
 * Whether a task ended as Celery's `Reject` and `Ignore` do: it has failed here, and Celery's callers are told of no end: no result, no errbacks, no
 * chain. A chord counts it as a part that has failed.
 */
export function isUntoldEnd(error: TaskErrorDocument | null | undefined): boolean {
  return error?.code === REJECT_CODE || error?.code === IGNORE_CODE;
}
