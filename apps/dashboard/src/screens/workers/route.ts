import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { frameRoute } from '../../app/root-route.tsx';
import { oneOf, type Search } from '../../app/search-params.ts';

export const workersRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/workers',
  validateSearch: (search: Search): { tab?: 'running' | 'gone' } => {
    const tab = oneOf(search['tab'], ['running', 'gone']);
    return tab ? { tab } : {};
  },
  component: lazyRouteComponent(() => import('./workers-screen.tsx'), 'WorkersScreen'),
});

export const workerRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/workers/$worker',
  component: lazyRouteComponent(() => import('./worker-screen.tsx'), 'WorkerScreen'),
});
