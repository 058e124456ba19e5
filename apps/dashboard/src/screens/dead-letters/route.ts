import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { frameRoute } from '../../app/root-route.tsx';
import { deadLettersSearch } from './search.ts';

export const deadLettersRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/dead-letters',
  validateSearch: deadLettersSearch,
  component: lazyRouteComponent(() => import('./dead-letters-screen.tsx'), 'DeadLettersScreen'),
});

export const deadLetterRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/dead-letters/$id',
  component: lazyRouteComponent(() => import('./dead-letter-screen.tsx'), 'DeadLetterScreen'),
});
