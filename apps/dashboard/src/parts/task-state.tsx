import type { TaskState } from '@lovage/task';
import { StateLabel, type Tone } from '../ui/state-icon.tsx';

/** How each state of a task looks. */
export const STATE_TONES: Readonly<Record<TaskState, Tone>> = {
  PENDING: 'waiting',
  SCHEDULED: 'waiting',
  QUEUED: 'waiting',
  STARTED: 'running',
  PROGRESS: 'running',
  RETRY: 'retry',
  SUCCESS: 'success',
  FAILURE: 'failure',
  DEAD: 'dead',
  REVOKED: 'revoked',
  EXPIRED: 'expired',
};

/** What each state is called. */
export const STATE_WORDS: Readonly<Record<TaskState, string>> = {
  PENDING: 'Pending',
  SCHEDULED: 'Scheduled',
  QUEUED: 'Queued',
  STARTED: 'Running',
  PROGRESS: 'Running',
  RETRY: 'Retry',
  SUCCESS: 'Success',
  FAILURE: 'Failure',
  DEAD: 'Dead',
  REVOKED: 'Revoked',
  EXPIRED: 'Expired',
};

/** The state of a task, with its shape and colour. */
export function TaskStateLabel({ state }: { state: TaskState }) {
  return (
    <StateLabel tone={STATE_TONES[state]}>
      <span title={state}>{STATE_WORDS[state]}</span>
    </StateLabel>
  );
}
