import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type {
  ApiKeyList,
  AuditList,
  FileList,
  NewApiKeyAnswer,
  NewUserBody,
  UserDocument,
  UserRole,
} from '@lovage/http-api';
import { api, path } from '../client.ts';
import { useAct } from '../use-act.ts';

export interface UserForm {
  readonly id: string;
  readonly name?: string | null;
  readonly role?: UserRole;
  readonly password?: string;
  readonly revokeApiKeys?: boolean;
  readonly disabled?: boolean;
}

/** What an act on a user changes. */
const OF_USERS = [['users'], ['sessions'], ['api-keys'], ['audit']] as const;

export function useCreateUser() {
  return useAct((body: NewUserBody) => api.post<UserDocument>('/api/users', body), OF_USERS);
}

export function useChangeUser() {
  return useAct(({ id, ...change }: UserForm) => api.patch<UserDocument>(path('/api/users', id), change), OF_USERS);
}

/** With their sessions and API keys; their tasks stay. */
export function useRemoveUser() {
  return useAct((id: string) => api.delete(path('/api/users', id)), OF_USERS);
}

export function useApiKeys() {
  return useQuery({
    queryKey: ['api-keys', 'list'],
    queryFn: ({ signal }) => api.get<ApiKeyList>('/api/api-keys', undefined, signal),
  });
}

export interface ApiKeyForm {
  readonly name: string;
  readonly role: UserRole;
  readonly expiresInDays?: number;
}

/** The answer holds the key, which nobody is told again. */
export function useCreateApiKey() {
  return useAct((body: ApiKeyForm) => api.post<NewApiKeyAnswer>('/api/api-keys', body), [['api-keys'], ['audit']]);
}

export function useRevokeApiKey() {
  return useAct((id: string) => api.delete(path('/api/api-keys', id)), [['api-keys'], ['audit']]);
}

export function useEndSession() {
  return useAct((id: string) => api.delete(path('/api/sessions', id)), [['sessions'], ['audit']]);
}

export interface AuditAsk {
  /** `key.create`, or `key.*`. */
  readonly action?: string;
  /** Id of a user. */
  readonly actor?: string;
  /** Done before this time. */
  readonly to?: string;
}

/** The audit log, page by page, newest first. */
export function useAuditPages(ask: AuditAsk) {
  return useInfiniteQuery({
    queryKey: ['audit', 'pages', ask],
    queryFn: ({ pageParam, signal }) =>
      api.get<AuditList>('/api/audit', { ...ask, limit: 100, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  });
}

/** Files of the platform, page by page, in the order of their paths. */
export function useFilePages() {
  return useInfiniteQuery({
    queryKey: ['files', 'pages'],
    queryFn: ({ pageParam, signal }) => api.get<FileList>('/api/files', { limit: 100, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  });
}

export function useDeleteFile() {
  return useAct(
    (file: string) => api.delete(`/api/files/${file.split('/').map(encodeURIComponent).join('/')}`),
    [['files'], ['audit']],
  );
}
