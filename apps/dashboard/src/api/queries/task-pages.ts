import { useInfiniteQuery } from '@tanstack/react-query';
import type { TaskList } from '@lovage/http-api';
import { api } from '../client.ts';
import type { QueryValues } from '../send.ts';

/** Tasks of one request. */
export const TASKS_PER_PAGE = 100;

/**
 * The tasks of a filter, page after page. `asOf`: a later one reads the list anew; until then it stays as it was read, since
 * live updates tell what changed. Its key is not below `tasks`: an act must not read a hundred pages again.
 */
export function useTaskPages(filter: QueryValues, asOf: number) {
  return useInfiniteQuery({
    queryKey: ['task-pages', filter, asOf],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) =>
      api.get<TaskList>('/api/tasks', { ...filter, limit: TASKS_PER_PAGE, cursor: pageParam }, signal),
    getNextPageParam: (last) => last.nextCursor ?? undefined,
    placeholderData: (previous) => previous,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
}
