import './ui/base.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queryClient } from './api/query-client.ts';
import { session } from './api/session.ts';
import { applyPreferences } from './app/preferences.ts';
import { Providers } from './app/providers.tsx';
import { router } from './app/router.tsx';
import { Start } from './app/start.tsx';

applyPreferences();
// What one user saw is not for the next one; and a session that ended leads to the sign-in, and from there back here.
session.subscribe(() => {
  if (session.state.status !== 'out') return;
  queryClient.clear();
  void router.invalidate();
});

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <Providers>
        <Start>
          <RouterProvider router={router} />
        </Start>
      </Providers>
    </QueryClientProvider>
  </StrictMode>,
);
