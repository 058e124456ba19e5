import type { TaskState } from '@lovage/task';

/** Which tasks a link leads to. */
export interface TaskScope {
  readonly name?: string;
  readonly queue?: string;
  readonly worker?: string;
  readonly states?: readonly TaskState[];
}

/** States of a task that nobody runs yet. */
export const WAITING_STATES: readonly TaskState[] = ['PENDING', 'SCHEDULED', 'QUEUED', 'RETRY'];
export const RUNNING_STATES: readonly TaskState[] = ['STARTED', 'PROGRESS'];

/** In the language of the list's filter. */
export function filterOf({ name, queue, worker, states }: TaskScope): string {
  const words = [states && `state:${states.join(',')}`];
  for (const [key, value] of Object.entries({ name, queue, worker })) if (value) words.push(`${key}:${quoted(value)}`);
  return words.filter(Boolean).join(' ');
}

const quoted = (value: string): string => (/^[^\s"<>]+$/u.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`);
