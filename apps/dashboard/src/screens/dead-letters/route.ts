import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { frameRoute } from '../../app/root-route.tsx';

export const deadLettersRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/dead-letters',
  component: lazyRouteComponent(() => import('./dead-letters-screen.tsx'), 'DeadLettersScreen'),
});
