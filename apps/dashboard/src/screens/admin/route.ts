import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { frameRoute } from '../../app/root-route.tsx';
import { adminSearch } from './search.ts';

export const adminRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/admin',
  validateSearch: adminSearch,
  component: lazyRouteComponent(() => import('./admin-screen.tsx'), 'AdminScreen'),
});
