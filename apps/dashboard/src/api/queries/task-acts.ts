import type { TaskDocument } from '@lovage/http-api';
import { api, path } from '../client.ts';
import { useAct } from '../use-act.ts';
import { taskKeys } from './tasks.ts';

const TOUCHES = [taskKeys.all, ['task-families']];

export interface RevokeAsk {
  readonly id: string;
  /** Also one that runs. */
  readonly terminate: boolean;
  readonly reason: string | undefined;
}

export function useRevokeTask() {
  return useAct(
    ({ id, ...body }: RevokeAsk) => api.post<TaskDocument>(path('/api/tasks', id, 'revoke'), body),
    TOUCHES,
  );
}

export interface RetryAsk {
  readonly id: string;
  /** Left out: the input of the task. */
  readonly input?: unknown;
}

/** Submits an ended task again; the answer is the new one. */
export function useRetryTask() {
  return useAct(({ id, ...body }: RetryAsk) => api.post<TaskDocument>(path('/api/tasks', id, 'retry'), body), TOUCHES);
}
