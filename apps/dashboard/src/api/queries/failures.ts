import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { FailureGroupDocument, FailureGroupList } from '@lovage/http-api';
import { api, path } from '../client.ts';
import { POLL_MS } from '../query-client.ts';

export interface FailuresAsk {
  /** ISO 8601. */
  readonly from: string;
  readonly contract?: string;
  readonly sort?: 'count' | 'last';
  readonly cursor?: string;
}

/** Groups of tasks that failed alike. */
export function useFailures(ask: FailuresAsk) {
  return useQuery({
    queryKey: ['failures', 'list', ask],
    queryFn: ({ signal }) => api.get<FailureGroupList>('/api/failures', { ...ask, limit: 100 }, signal),
    refetchInterval: POLL_MS * 2,
    placeholderData: keepPreviousData,
  });
}

/** One group; `from`: which failures its count tells. */
export function useFailureGroup(id: string, from: string) {
  return useQuery({
    queryKey: ['failures', 'one', id, from],
    queryFn: ({ signal }) => api.get<FailureGroupDocument>(path('/api/failures', id), { from }, signal),
    refetchInterval: POLL_MS * 2,
    placeholderData: keepPreviousData,
  });
}
