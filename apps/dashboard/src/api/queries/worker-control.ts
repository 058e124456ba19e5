import { useQuery } from '@tanstack/react-query';
import type { WorkerAnswers, WorkerQuestion } from '@lovage/http-api';
import { api, path } from '../client.ts';
import { useAct } from '../use-act.ts';

/** A request that steers a worker. */
export interface Steering {
  readonly method: 'POST' | 'DELETE';
  /** Below the worker's own path. */
  readonly to: readonly string[];
  readonly body?: object;
}

export function useSteerWorker(name: string) {
  return useAct(
    ({ method, to, body }: Steering) => {
      const url = path('/api/workers', name, ...to);
      return method === 'POST' ? api.post<WorkerAnswers>(url, body) : api.delete<WorkerAnswers>(url);
    },
    [['workers'], ['queues']],
  );
}

/** Asked once, when `question` is chosen; again by its `refetch`. */
export function useWorkerAnswer(name: string, question: WorkerQuestion | undefined) {
  return useQuery({
    queryKey: ['workers', 'asked', name, question],
    queryFn: ({ signal }) => api.get<WorkerAnswers>(path('/api/workers', name, question!), undefined, signal),
    enabled: question !== undefined,
    retry: false,
    staleTime: 0,
  });
}
