import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { FiringDocument, FiringList, ScheduleCheckDocument, ScheduleDocument } from '@lovage/http-api';
import { api, path } from '../client.ts';
import { formatJson } from '../json.ts';
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

/** What the gateway would refuse of a new schedule, in its own words, and when it would fire. */
export function useScheduleCheck(body: Readonly<Record<string, unknown>>) {
  return useQuery({
    // As text: a number with many digits is an object here.
    queryKey: ['schedules', 'check', formatJson(body)],
    queryFn: ({ signal }) => api.post<ScheduleCheckDocument>('/api/schedules/check', body, { signal }),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    gcTime: 10_000,
  });
}

export function useCreateSchedule() {
  return useAct(
    (body: Readonly<Record<string, unknown>>) => api.post<ScheduleDocument>('/api/schedules', body),
    TOUCHES,
  );
}

/** What is given is changed; see `PATCH /api/schedules/{name}`. */
export function useChangeSchedule(name: string) {
  return useAct(
    (body: Readonly<Record<string, unknown>>) => api.patch<ScheduleDocument>(path('/api/schedules', name), body),
    TOUCHES,
  );
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

/** What is gone is not read anew: the page of it is about to be left. */
export function useRemoveSchedule(name: string) {
  return useAct(() => api.delete(path('/api/schedules', name)), [['schedules', 'list']]);
}
