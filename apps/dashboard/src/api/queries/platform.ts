import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { PlatformDocument } from '@lovage/http-api';
import { api } from '../client.ts';
import { useLive } from '../live/use-live.ts';

/** Where no stream tells, ms: the outbox and the beats need no closer look. */
const POLL_MS = 10_000;
const KEY = ['platform'] as const;

/** Broker, outbox, beats, dead letters: read once, then as the stream tells. */
export function usePlatform() {
  const client = useQueryClient();
  useLive('platform', (data) => client.setQueryData<PlatformDocument>(KEY, data));
  return useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => api.get<PlatformDocument>('/api/platform', undefined, signal),
    refetchInterval: POLL_MS,
  });
}
