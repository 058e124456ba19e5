import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { ContractCheckDocument, TaskDocument } from '@lovage/http-api';
import { api, path } from '../client.ts';
import { formatJson } from '../json.ts';
import { useAct } from '../use-act.ts';
import { taskKeys } from './tasks.ts';

/** What is submitted: the body of `POST /api/tasks/{name}`. */
export interface Submission {
  readonly input: unknown;
  readonly options?: Readonly<Record<string, unknown>>;
}

/** What the gateway would refuse of it, in its own words. undefined: nothing is asked. */
export function useContractCheck(name: string, body: Submission | undefined) {
  return useQuery({
    // As text: a number with many digits is an object here.
    queryKey: ['contracts', 'check', name, body && formatJson(body)],
    queryFn: ({ signal }) => api.post<ContractCheckDocument>(path('/api/contracts', name, 'check'), body, { signal }),
    enabled: body !== undefined,
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    gcTime: 10_000,
  });
}

export function useSubmitTask(name: string) {
  return useAct((body: Submission) => api.post<TaskDocument>(path('/api/tasks', name), body), [taskKeys.all]);
}

/** A whole task, for its input: lists leave out what is large. @throws ApiError */
export function readTask(id: string): Promise<TaskDocument> {
  return api.get<TaskDocument>(path('/api/tasks', id));
}
