import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { frameRoute } from '../../app/root-route.tsx';

export const contractsRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/contracts',
  component: lazyRouteComponent(() => import('./contracts-screen.tsx'), 'ContractsScreen'),
});
