import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { FiringDocument, FiringList, ScheduleDocument } from '@lovage/http-api';
import { api, path } from '../client.ts';
import { POLL_MS } from '../query-client.ts';
import { useAct } from '../use-act.ts';

const TOUCHES = [['schedules']] as const;

export function useSchedule(name: string) {
  return useQuery({
    queryKey: ['schedules', 'one', name],
    queryFn: ({ signal }) => api.get<ScheduleDocument>(path('/api/schedules', name), undefined, signal),
    refetchInterval: POLL_MS,
  });
}

/** The latest firings. `seen`: when it fired last; another value means that there is something to read. */
export function useRecentFirings(name: string, seen: string | null, limit = 24) {
  return useQuery({
    queryKey: ['schedules', 'recent', name, limit, seen],
    queryFn: ({ signal }) => api.get<FiringList>(path('/api/schedules', name, 'firings'), { limit }, signal),
    // Until the tasks of the latest ones have ended.
    refetchInterval: ({ state }) =>
      state.data?.items.some(({ task }) => task && task.finishedAt === null) ? POLL_MS : POLL_MS * 12,
    placeholderData: (before) => before,
  });
}

/** The whole history, page by page. */
export function useFirings(name: string) {
  return useInfiniteQuery({
    queryKey: ['schedules', 'firings', name],
    queryFn: ({ signal, pageParam }) =>
      api.get<FiringList>(path('/api/schedules', name, 'firings'), { limit: 50, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) > 1 ? false : POLL_MS),
  });
}

export function usePauseSchedule(name: string) {
  return useAct(() => api.post<ScheduleDocument>(path('/api/schedules', name, 'pause')), TOUCHES);
}

export function useResumeSchedule(name: string) {
  return useAct(() => api.post<ScheduleDocument>(path('/api/schedules', name, 'resume')), TOUCHES);
}

export function useRunSchedule(name: string) {
  return useAct(() => api.post<FiringDocument>(path('/api/schedules', name, 'run')), TOUCHES);
}

export function useRemoveSchedule(name: string) {
  return useAct(() => api.delete(path('/api/schedules', name)), TOUCHES);
}
