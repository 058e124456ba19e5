import { useQuery } from '@tanstack/react-query';
import type { StatusDocument } from '@lovage/http-api';
import { api } from '../client.ts';
import { POLL_MS } from '../query-client.ts';

/** The platform as a whole. */
export function useStatus(pollMs: number = POLL_MS) {
  return useQuery({
    queryKey: ['status'],
    queryFn: ({ signal }) => api.get<StatusDocument>('/api/status', undefined, signal),
    refetchInterval: pollMs,
  });
}
