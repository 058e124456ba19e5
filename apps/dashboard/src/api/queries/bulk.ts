import { useQuery } from '@tanstack/react-query';
import type { BulkAction, BulkJobDocument, BulkJobList, BulkPreviewDocument } from '@lovage/http-api';
import { api, path } from '../client.ts';
import { POLL_MS } from '../query-client.ts';
import type { QueryValues } from '../send.ts';
import { useAct } from '../use-act.ts';

/** Most tasks that one job takes by their ids. */
export const MAX_PICKED = 1_000;

/** While one runs its progress is read so often, ms. */
const RUNNING_MS = 1_000;

export interface BulkAsk {
  readonly action: BulkAction;
  /** The filters of the list that it works on; or else `ids`. */
  readonly filter?: QueryValues;
  /** Ids of tasks, at most {@link MAX_PICKED}. */
  readonly ids?: readonly string[];
  /** Of a revoke: also tasks that run. */
  readonly terminate?: boolean;
}

export interface BulkStart extends BulkAsk {
  /** `at` of the preview. */
  readonly at: string;
  readonly reason: string;
  /** `50/s`. */
  readonly rate?: string;
}

/** How many things match now. */
export function useBulkPreview(ask: BulkAsk | undefined) {
  return useQuery({
    queryKey: ['bulk', 'preview', ask],
    queryFn: () => api.post<BulkPreviewDocument>('/api/bulk/preview', ask),
    enabled: ask !== undefined,
    gcTime: 0,
    staleTime: Infinity,
  });
}

export function useStartBulk() {
  return useAct((start: BulkStart) => api.post<BulkJobDocument>('/api/bulk', start), [['bulk', 'jobs']]);
}

export function useStopBulk() {
  return useAct((id: string) => api.post<BulkJobDocument>(path('/api/bulk', id, 'stop')), [['bulk', 'jobs']]);
}

/** The latest jobs, newest first. */
export function useBulkJobs(enabled: boolean) {
  return useQuery({
    queryKey: ['bulk', 'jobs'],
    queryFn: ({ signal }) => api.get<BulkJobList>('/api/bulk', { limit: 10 }, signal),
    enabled,
    refetchInterval: ({ state }) =>
      state.data?.items.some((job) => job.state === 'running') ? RUNNING_MS : state.error ? false : POLL_MS * 2,
  });
}
