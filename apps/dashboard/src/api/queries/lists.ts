import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type {
  AuditList,
  ContractList,
  DeadLetterList,
  LimitList,
  QueueList,
  ScheduleList,
  SessionList,
  UserList,
  WorkerList,
} from '@lovage/http-api';
import { api } from '../client.ts';
import { POLL_MS } from '../query-client.ts';
import type { QueryValues } from '../send.ts';

/** A list of the gateway that is read anew while it is on the screen. */
function listHook<T>(name: string, path: string, pollMs: number | false = POLL_MS) {
  return (query: QueryValues = {}, options: { readonly enabled?: boolean; readonly pollMs?: number | false } = {}) =>
    useQuery({
      queryKey: [name, 'list', query],
      queryFn: ({ signal }): Promise<T> => api.get<T>(path, query, signal),
      refetchInterval: options.pollMs ?? pollMs,
      enabled: options.enabled ?? true,
      placeholderData: keepPreviousData,
    });
}

/** The catalogue, which changes with a release alone. */
export const useContracts = listHook<ContractList>('contracts', '/api/contracts', false);
export const useQueues = listHook<QueueList>('queues', '/api/queues');
export const useWorkers = listHook<WorkerList>('workers', '/api/workers');
export const useSchedules = listHook<ScheduleList>('schedules', '/api/schedules');
export const useLimits = listHook<LimitList>('limits', '/api/limits');
export const useDeadLetters = listHook<DeadLetterList>('dead-letters', '/api/dead-letters');
export const useUsers = listHook<UserList>('users', '/api/users', false);
export const useSessions = listHook<SessionList>('sessions', '/api/sessions', false);
export const useAudit = listHook<AuditList>('audit', '/api/audit', false);
