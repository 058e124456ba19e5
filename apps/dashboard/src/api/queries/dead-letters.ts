import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type {
  DeadLetterGroups,
  DeadLetterList,
  RedriveBody,
  TaskDocument,
  WholeDeadLetterDocument,
} from '@lovage/http-api';
import { api, path } from '../client.ts';
import { POLL_MS } from '../query-client.ts';
import type { QueryValues } from '../send.ts';
import { useAct } from '../use-act.ts';

const TOUCHES = [['dead-letters'], ['tasks']] as const;

/** How many are alike, of those that have not been redriven. */
export function useDeadLetterGroups() {
  return useQuery({
    queryKey: ['dead-letters', 'groups'],
    queryFn: ({ signal }) => api.get<DeadLetterGroups>('/api/dead-letters/groups', undefined, signal),
    refetchInterval: POLL_MS,
  });
}

/** Those that match, page by page, newest first. */
export function useDeadLetterPages(filter: QueryValues) {
  return useInfiniteQuery({
    queryKey: ['dead-letters', 'pages', filter],
    queryFn: ({ signal, pageParam }) =>
      api.get<DeadLetterList>('/api/dead-letters', { ...filter, limit: 50, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) > 1 ? false : POLL_MS),
  });
}

export function useDeadLetter(id: string) {
  return useQuery({
    queryKey: ['dead-letters', 'one', id],
    queryFn: ({ signal }) => api.get<WholeDeadLetterDocument>(path('/api/dead-letters', id), undefined, signal),
  });
}

export function useRedrive(id: string) {
  return useAct((body: RedriveBody) => api.post<TaskDocument>(path('/api/dead-letters', id, 'redrive'), body), TOUCHES);
}

export function useDeleteDeadLetter(id: string) {
  return useAct(() => api.delete(path('/api/dead-letters', id)), TOUCHES);
}
