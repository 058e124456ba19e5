import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { frameRoute } from '../../app/root-route.tsx';
import { loadTestSearch } from './search.ts';

export const loadTestRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/load-test',
  validateSearch: loadTestSearch,
  component: lazyRouteComponent(() => import('./load-test-screen.tsx'), 'LoadTestScreen'),
});
