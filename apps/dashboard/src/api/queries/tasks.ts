import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import type { AttemptList, ExplainDocument, TaskCountsDocument, TaskDocument, TaskList } from '@lovage/http-api';
import { api, path } from '../client.ts';
import { POLL_MS } from '../query-client.ts';
import type { QueryValues } from '../send.ts';

/** Keys of what is kept: `['tasks']` is all of tasks, to be read anew after an act. */
export const taskKeys = {
  all: ['tasks'] as const,
  one: (id: string) => ['tasks', 'one', id] as const,
};

export const taskQuery = (id: string) =>
  queryOptions({
    queryKey: taskKeys.one(id),
    queryFn: ({ signal }) => api.get<TaskDocument>(path('/api/tasks', id), undefined, signal),
  });

export function useTask(id: string, pollMs: number | false = POLL_MS) {
  return useQuery({ ...taskQuery(id), refetchInterval: pollMs });
}

export function useTaskCounts(filter: QueryValues = {}, pollMs: number | false = POLL_MS) {
  return useQuery({
    queryKey: ['tasks', 'counts', filter],
    queryFn: ({ signal }) => api.get<TaskCountsDocument>('/api/tasks/counts', filter, signal),
    refetchInterval: pollMs,
    placeholderData: keepPreviousData,
  });
}

/** One page of tasks. */
export function useTasks(filter: QueryValues = {}, pollMs: number | false = POLL_MS) {
  return useQuery({
    queryKey: ['tasks', 'list', filter],
    queryFn: ({ signal }) => api.get<TaskList>('/api/tasks', filter, signal),
    refetchInterval: pollMs,
    placeholderData: keepPreviousData,
  });
}

/** `live`: the task has not ended; the answer changes by itself. */
export function useExplain(id: string, live: boolean) {
  return useQuery({
    queryKey: [...taskKeys.one(id), 'explain'],
    queryFn: ({ signal }) => api.get<ExplainDocument>(path('/api/tasks', id, 'explain'), undefined, signal),
    refetchInterval: live && POLL_MS,
  });
}

export function useAttempts(id: string) {
  return useQuery({
    queryKey: [...taskKeys.one(id), 'attempts'],
    queryFn: ({ signal }) => api.get<AttemptList>(path('/api/tasks', id, 'attempts'), undefined, signal),
  });
}
