import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { frameRoute } from '../../app/root-route.tsx';
import { taskSearch } from './search.ts';

export const taskRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/tasks/$id',
  validateSearch: taskSearch,
  component: lazyRouteComponent(() => import('./task-screen.tsx'), 'TaskScreen'),
});
