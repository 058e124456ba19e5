import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { frameRoute } from '../../app/root-route.tsx';

export const schedulesRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/schedules',
  component: lazyRouteComponent(() => import('./schedules-screen.tsx'), 'SchedulesScreen'),
});

export const scheduleRoute = createRoute({
  getParentRoute: () => frameRoute,
  path: '/schedules/$name',
  component: lazyRouteComponent(() => import('./schedule-screen.tsx'), 'ScheduleScreen'),
});
