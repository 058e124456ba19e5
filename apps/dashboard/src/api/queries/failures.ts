import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { FailureGroupDocument, FailureGroupList } from '@lovage/http-api';
import { api, path } from '../client.ts';
import { POLL_MS } from '../query-client.ts';
import { withStart } from './moving-start.ts';

export interface FailuresAsk {
  /** How far back, s. */
  readonly last: number;
  readonly contract?: string;
  readonly sort?: 'count' | 'last';
  readonly cursor?: string;
}

/** Groups of tasks that failed alike. */
export function useFailures(ask: FailuresAsk) {
  return useQuery({
    queryKey: ['failures', 'list', ask],
    queryFn: ({ signal }) =>
      api.get<FailureGroupList>('/api/failures', withStart({ ...ask, limit: 100 }, Date.now()), signal),
    refetchInterval: POLL_MS * 2,
    placeholderData: keepPreviousData,
  });
}

/** One group; `last`: of how many seconds its count tells. */
export function useFailureGroup(id: string, last: number) {
  return useQuery({
    queryKey: ['failures', 'one', id, last],
    queryFn: ({ signal }) =>
      api.get<FailureGroupDocument>(path('/api/failures', id), withStart({ last }, Date.now()), signal),
    refetchInterval: POLL_MS * 2,
    placeholderData: keepPreviousData,
  });
}
