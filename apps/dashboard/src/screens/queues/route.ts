import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { frameRoute } from '../../app/root-route.tsx';

export const queuesRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/queues',
  component: lazyRouteComponent(() => import('./queues-screen.tsx'), 'QueuesScreen'),
});

export const queueRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/queues/$name',
  component: lazyRouteComponent(() => import('./queue-screen.tsx'), 'QueueScreen'),
});
