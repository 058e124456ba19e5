import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { frameRoute } from '../../app/root-route.tsx';

export const limitsRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/limits',
  component: lazyRouteComponent(() => import('./limits-screen.tsx'), 'LimitsScreen'),
});
