import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { frameRoute } from '../../app/root-route.tsx';
import { failuresSearch } from './search.ts';

export const failuresRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/failures',
  validateSearch: failuresSearch,
  component: lazyRouteComponent(() => import('./failures-screen.tsx'), 'FailuresScreen'),
});
