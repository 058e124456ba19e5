import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { frameRoute } from '../../app/root-route.tsx';
import { oneOf, type Search } from '../../app/search-params.ts';

export const limitsRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/limits',
  validateSearch: (search: Search): { tab?: 'limited' | 'all' } => {
    const tab = oneOf(search['tab'], ['limited', 'all']);
    return tab ? { tab } : {};
  },
  component: lazyRouteComponent(() => import('./limits-screen.tsx'), 'LimitsScreen'),
});

export const limitRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/limits/$name',
  component: lazyRouteComponent(() => import('./limit-screen.tsx'), 'LimitScreen'),
});
