import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { frameRoute } from '../../app/root-route.tsx';

export const taskRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/tasks/$id',
  component: lazyRouteComponent(() => import('./task-screen.tsx'), 'TaskScreen'),
});
