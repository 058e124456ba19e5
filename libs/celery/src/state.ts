import { TASK_STATES, type TaskState } from '@lovage/task';

const CELERY: Readonly<Partial<Record<TaskState, string>>> = {
  SCHEDULED: 'PENDING',
  QUEUED: 'PENDING',
  EXPIRED: 'REVOKED',
  DEAD: 'FAILURE',
};

/** The nearest state that Celery knows. */
export function celeryState(state: TaskState): string {
  return CELERY[state] ?? state;
}

const OURS: ReadonlySet<string> = new Set(TASK_STATES);

/** Our state for one that a Celery worker reports. A custom one says that the handler runs and has reported, so it is `PROGRESS`. */
export function stateOf(status: string): TaskState {
  if (OURS.has(status)) return status as TaskState;
  if (status === 'RECEIVED') return 'QUEUED';
  if (status === 'REJECTED' || status === 'IGNORED') return 'FAILURE';
  return 'PROGRESS';
}
