import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { StatsBy, StatsDocument } from '@lovage/http-api';
import { api } from '../client.ts';

export interface StatsAsk {
  /** ISO 8601. Left out: as the gateway says. */
  readonly from?: string;
  readonly to?: string;
  readonly step?: number;
  readonly by?: StatsBy;
  readonly contract?: string;
  readonly queue?: string;
}

/** What ended, over time. `pollMs`: for a time that goes on until now. */
export function useStats(ask: StatsAsk, pollMs: number | false) {
  return useQuery({
    queryKey: ['stats', ask],
    queryFn: ({ signal }) => api.get<StatsDocument>('/api/stats', { ...ask }, signal),
    refetchInterval: pollMs,
    placeholderData: keepPreviousData,
  });
}
