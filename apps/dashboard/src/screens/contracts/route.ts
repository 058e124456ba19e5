import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { frameRoute } from '../../app/root-route.tsx';
import { contractSearch, contractsSearch } from './search.ts';

export const contractsRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/contracts',
  validateSearch: contractsSearch,
  component: lazyRouteComponent(() => import('./contracts-screen.tsx'), 'ContractsScreen'),
});

export const contractRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/contracts/$name',
  validateSearch: contractSearch,
  component: lazyRouteComponent(() => import('./contract-screen.tsx'), 'ContractScreen'),
});
