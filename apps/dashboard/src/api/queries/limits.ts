import { useQuery } from '@tanstack/react-query';
import type { LimitBody, LimitDetail } from '@lovage/http-api';
import { api, path } from '../client.ts';
import { POLL_MS } from '../query-client.ts';
import { useAct } from '../use-act.ts';

const TOUCHES = [['limits']] as const;

/** Of one contract: its keys, who has slots and who waits. */
export function useLimit(contract: string) {
  return useQuery({
    queryKey: ['limits', 'one', contract],
    queryFn: ({ signal }) => api.get<LimitDetail>(path('/api/limits', contract), undefined, signal),
    refetchInterval: POLL_MS / 2,
  });
}

/** Replaces all that was set before. */
export function useSetLimit(contract: string) {
  return useAct((body: LimitBody) => api.put<LimitDetail>(path('/api/limits', contract), body), TOUCHES);
}

/** Back to what the contract says. */
export function useClearLimit(contract: string) {
  return useAct(() => api.delete<LimitDetail>(path('/api/limits', contract)), TOUCHES);
}
