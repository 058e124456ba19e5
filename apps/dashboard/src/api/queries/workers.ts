import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { LiveWorkers, WorkerDetail, WorkerDocument, WorkerList } from '@lovage/http-api';
import { api, path } from '../client.ts';
import { useLive, useLiveStatus } from '../live/use-live.ts';
import { POLL_MS } from '../query-client.ts';
import { useWorkers } from './lists.ts';

/** Workers that run; kept up by the live stream, and by asking while that is away. */
export function useLiveWorkers() {
  const client = useQueryClient();
  const { kind } = useLiveStatus();
  useLive('workers', (change) =>
    client.setQueryData<WorkerList>(
      ['workers', 'list', {}],
      (list) => list && { items: withChange(list.items, change) },
    ),
  );
  return useWorkers({}, { pollMs: kind === 'live' ? POLL_MS * 6 : POLL_MS });
}

/** Workers that went within a day. */
export function useGoneWorkers(enabled = true) {
  return useWorkers({ status: 'dead,stopped' }, { enabled });
}

/** By name or id; with the tasks that it runs. */
export function useWorker(name: string) {
  return useQuery({
    queryKey: ['workers', 'one', name],
    queryFn: ({ signal }) => api.get<WorkerDetail>(path('/api/workers', name), undefined, signal),
    refetchInterval: POLL_MS / 2,
  });
}

/** The stream tells no contracts: those that are known stay, a new worker has none until the list is read anew. */
function withChange(items: readonly WorkerDocument[], { whole, items: told, gone }: LiveWorkers): WorkerDocument[] {
  const known = new Map(items.map((worker) => [worker.id, worker]));
  const next = whole ? new Map<string, WorkerDocument>() : new Map(known);
  for (const worker of told) {
    const { contracts = null, serves = null } = known.get(worker.id) ?? {};
    next.set(worker.id, { ...worker, contracts, serves });
  }
  for (const id of gone) next.delete(id);
  return [...next.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
