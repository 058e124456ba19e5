import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { frameRoute } from '../../app/root-route.tsx';

export const loadTestRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/load-test',
  component: lazyRouteComponent(() => import('./load-test-screen.tsx'), 'LoadTestScreen'),
});
