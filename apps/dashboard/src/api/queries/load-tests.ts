import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { LoadTestDocument, LoadTestList } from '@lovage/http-api';
import { api, path } from '../client.ts';
import { POLL_MS } from '../query-client.ts';
import { useAct } from '../use-act.ts';

/** While one runs it is read so often, ms: it tells of whole seconds. */
const RUNNING_MS = 1_000;

/** A test that still does something. */
export function runs({ state }: Pick<LoadTestDocument, 'state'>): boolean {
  return state === 'running' || state === 'draining';
}

export interface LoadTestAsk {
  readonly contract: string;
  readonly input: unknown;
  readonly total: number;
  readonly seconds: number;
  /** Tasks a second; left out: as fast as it goes. */
  readonly rate?: number;
  readonly rampSeconds: number;
}

export function useLoadTests(enabled: boolean) {
  return useQuery({
    queryKey: ['load-tests', 'list'],
    queryFn: ({ signal }) => api.get<LoadTestList>('/api/load-tests', undefined, signal),
    enabled,
    refetchInterval: ({ state }) => (state.data?.items.some(runs) ? RUNNING_MS : POLL_MS),
  });
}

export function useLoadTest(id: string | undefined) {
  return useQuery({
    queryKey: ['load-tests', 'one', id],
    queryFn: ({ signal }) => api.get<LoadTestDocument>(path('/api/load-tests', id ?? ''), undefined, signal),
    enabled: id !== undefined,
    refetchInterval: ({ state }) => (state.data === undefined || runs(state.data) ? RUNNING_MS : false),
  });
}

export function useStartLoadTest() {
  return useAct((ask: LoadTestAsk) => api.post<LoadTestDocument>('/api/load-tests', ask), [['load-tests']]);
}

export function useStopLoadTest() {
  const client = useQueryClient();
  return useAct(
    async (id: string) => {
      const test = await api.post<LoadTestDocument>(path('/api/load-tests', id, 'stop'));
      client.setQueryData(['load-tests', 'one', id], test);
      return test;
    },
    [['load-tests']],
  );
}
