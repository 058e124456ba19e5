import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { StatsBy, StatsDocument } from '@lovage/http-api';
import { api } from '../client.ts';
import { withStart, type UntilNow } from './moving-start.ts';

export interface StatsAsk extends UntilNow {
  /** ISO 8601. Left out: as the gateway says. */
  readonly from?: string;
  readonly to?: string;
  readonly by?: StatsBy;
  readonly contract?: string;
  readonly queue?: string;
}

/** What ended, over time. `pollMs`: for a time that goes on until now. */
export function useStats(ask: StatsAsk, pollMs: number | false) {
  return useQuery({
    queryKey: ['stats', ask],
    queryFn: ({ signal }) => api.get<StatsDocument>('/api/stats', withStart(ask, Date.now()), signal),
    refetchInterval: pollMs,
    placeholderData: keepPreviousData,
  });
}
