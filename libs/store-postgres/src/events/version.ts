import type { TaskState } from '@lovage/task';

/** More than the ranks of all states. */
const ROUND = 16;
const END = ROUND - 1;

/** Where a state stands among those that a task passes without a new generation and without losing its worker. */
const RANKS: Readonly<Record<TaskState, number>> = {
  ...{ PENDING: 0, SCHEDULED: 1, RETRY: 1, QUEUED: 2, STARTED: 3, PROGRESS: 4 },
  ...{ SUCCESS: END, FAILURE: END, REVOKED: END, EXPIRED: END, DEAD: END },
};

/**
 * A number that every change of a task's state or progress raises, made of what its row holds anyway. Within a generation and
 * under one worker states only go forward; what requeues a task raises its generation, or its count of lost workers.
 */
export function versionOf(row: { state: TaskState; turn: number; suspected: number; progress_no: number }): number {
  return (row.turn + row.suspected) * ROUND + RANKS[row.state] + row.progress_no;
}
