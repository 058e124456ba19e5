import { QueryClient } from '@tanstack/react-query';
import { ApiError } from './api-error.ts';

declare module '@tanstack/react-query' {
  interface Register {
    defaultError: ApiError;
  }
}

/** How often what is on the screen is read anew where nothing tells of changes, ms. Not while the page is hidden. */
export const POLL_MS = 5_000;
const MAX_WAIT_MS = 15_000;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      gcTime: 5 * 60_000,
      // What was wrong stays wrong; who is away may come back.
      retry: (count, error) => error instanceof ApiError && error.isTransient && count < 2,
      retryDelay: (count) => Math.min(MAX_WAIT_MS, 500 * 2 ** count),
      // The browser's word on the network says nothing of a gateway on this machine.
      networkMode: 'always',
    },
    mutations: { retry: false, networkMode: 'always' },
  },
});
