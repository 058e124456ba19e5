import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { PauseBody, PurgeBody, QueueDocument, QueueList, RevokeManyAnswer } from '@lovage/http-api';
import { api, path } from '../client.ts';
import { useLive, useLiveStatus } from '../live/use-live.ts';
import { POLL_MS } from '../query-client.ts';
import { useAct } from '../use-act.ts';
import { useQueues } from './lists.ts';

const TOUCHES = [['queues'], ['tasks']] as const;

/** All queues; kept up by the live stream, and by asking while that is away. */
export function useLiveQueues() {
  const client = useQueryClient();
  const { kind } = useLiveStatus();
  useLive('queues', ({ items, approximate }) => {
    client.setQueryData<QueueList>(['queues', 'list', {}], { items, approximate });
    for (const queue of items) client.setQueryData<QueueDocument>(['queues', 'one', queue.name], queue);
  });
  return useQueues({}, { pollMs: kind === 'live' ? false : POLL_MS });
}

export function useQueue(name: string) {
  return useQuery({
    queryKey: ['queues', 'one', name],
    queryFn: ({ signal }) => api.get<QueueDocument>(path('/api/queues', name), undefined, signal),
    refetchInterval: POLL_MS,
  });
}

export function usePauseQueue(name: string) {
  return useAct((body: PauseBody) => api.post<QueueDocument>(path('/api/queues', name, 'pause'), body), TOUCHES);
}

export function useResumeQueue(name: string) {
  return useAct(() => api.post<QueueDocument>(path('/api/queues', name, 'resume')), TOUCHES);
}

/** Goes on until everything that waited is ended; gives how many were. */
export function usePurgeQueue(name: string) {
  return useAct(async (body: Pick<PurgeBody, 'reason'>) => {
    let revoked = 0;
    let cursor: string | undefined;
    do {
      const answer: RevokeManyAnswer = await api.post(path('/api/queues', name, 'purge'), {
        ...body,
        ...(cursor !== undefined && { cursor }),
      });
      revoked += answer.revoked;
      cursor = answer.nextCursor ?? undefined;
    } while (cursor !== undefined);
    return revoked;
  }, TOUCHES);
}
