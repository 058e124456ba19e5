import type { BulkAction } from '@lovage/http-api';
import { TASK_STATES, TERMINAL_STATES, isTerminal, type TaskState } from '@lovage/task';
import type { TaskQuery } from '../filter/query.ts';

export type TaskAct = Extract<BulkAction, `task.${string}`>;

export const LIVE_STATES: readonly TaskState[] = TASK_STATES.filter((state) => !isTerminal(state));

/** States of tasks that an act can be done to. */
export const ACT_STATES: Readonly<Record<TaskAct, readonly TaskState[]>> = {
  'task.revoke': LIVE_STATES,
  'task.retry': TERMINAL_STATES,
  'task.delete': TERMINAL_STATES,
};

/**
 * The list's filter as that of a bulk job: with the states that the act is for. Undefined: none of the tasks that match can
 * be meant.
 */
export function bulkFilter(query: TaskQuery, act: TaskAct): TaskQuery | undefined {
  const { state, ...rest } = query;
  const asked = typeof state === 'string' ? (state.split(',') as TaskState[]) : TASK_STATES;
  const states = asked.filter((one) => ACT_STATES[act].includes(one));
  if (states.length === 0) return undefined;
  // What waits or runs has no end, and is in no group of failures.
  const ended = ['finishedFrom', 'finishedTo', 'failureGroup'];
  if (act === 'task.revoke' && ended.some((name) => name in rest)) return undefined;
  return { ...rest, state: states.join(',') };
}
