import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { frameRoute } from '../../app/root-route.tsx';

export const workersRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/workers',
  component: lazyRouteComponent(() => import('./workers-screen.tsx'), 'WorkersScreen'),
});
