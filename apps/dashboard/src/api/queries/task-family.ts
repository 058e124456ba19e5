import { useQuery } from '@tanstack/react-query';
import type { TaskList } from '@lovage/http-api';
import { api } from '../client.ts';
import { POLL_MS } from '../query-client.ts';

/** Tasks that are drawn of a family. */
export const MAX_FAMILY = 200;

/** Tasks of one family, or those that run a task again: the newest `MAX_FAMILY`. */
export function useRelated(by: 'root' | 'parent' | 'retriedFrom', id: string | null, pollMs: number | false = POLL_MS) {
  return useQuery({
    queryKey: ['task-families', by, id],
    queryFn: ({ signal }) => api.get<TaskList>('/api/tasks', { [by]: id, limit: MAX_FAMILY }, signal),
    enabled: id !== null,
    refetchInterval: pollMs,
  });
}
