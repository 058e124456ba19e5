import { useQuery } from '@tanstack/react-query';
import type { ViewDocument, ViewList } from '@lovage/http-api';
import { api, path } from '../client.ts';
import { useAct } from '../use-act.ts';

export interface ViewForm {
  readonly name: string;
  readonly screen: string;
  /** The search of the URL, without `?`. */
  readonly query: string;
  readonly shared: boolean;
}

/** Saved views of a screen: one's own and those that others share. */
export function useViews(screen: string) {
  return useQuery({
    queryKey: ['views', screen],
    queryFn: ({ signal }) => api.get<ViewList>('/api/views', { screen }, signal),
    staleTime: 60_000,
  });
}

export function useSaveView() {
  return useAct((view: ViewForm) => api.post<ViewDocument>('/api/views', view), [['views']]);
}

export function useChangeView() {
  return useAct(
    ({ id, ...change }: { readonly id: string } & Partial<Omit<ViewForm, 'screen'>>) =>
      api.patch<ViewDocument>(path('/api/views', id), change),
    [['views']],
  );
}

export function useDeleteView() {
  return useAct((id: string) => api.delete(path('/api/views', id)), [['views']]);
}
