import { createRoute, createRouter, redirect } from '@tanstack/react-router';
import { adminRoute } from '../screens/admin/route.ts';
import { contractRoute, contractsRoute } from '../screens/contracts/route.ts';
import { deadLetterRoute, deadLettersRoute } from '../screens/dead-letters/route.ts';
import { failuresRoute } from '../screens/failures/route.ts';
import { limitRoute, limitsRoute } from '../screens/limits/route.ts';
import { loadTestRoute } from '../screens/load-test/route.ts';
import { overviewRoute } from '../screens/overview/route.ts';
import { queueRoute, queuesRoute } from '../screens/queues/route.ts';
import { scheduleRoute, schedulesRoute } from '../screens/schedules/route.ts';
import { taskRoute } from '../screens/task/route.ts';
import { tasksRoute } from '../screens/tasks/route.ts';
import { workerRoute, workersRoute } from '../screens/workers/route.ts';
import { Skeleton } from '../ui/feedback.tsx';
import { NotFound, ScreenBroken } from './broken.tsx';
import { frameRoute, rootRoute, signInRoute } from './root-route.tsx';
import { formatSearch, parseSearch } from './search-params.ts';

const indexRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/overview' });
  },
});

const routeTree = rootRoute.addChildren([
  indexRoute,
  signInRoute,
  frameRoute.addChildren([
    overviewRoute,
    tasksRoute,
    taskRoute,
    queuesRoute,
    queueRoute,
    workersRoute,
    workerRoute,
    schedulesRoute,
    scheduleRoute,
    contractsRoute,
    contractRoute,
    limitsRoute,
    limitRoute,
    deadLettersRoute,
    deadLetterRoute,
    failuresRoute,
    loadTestRoute,
    adminRoute,
  ]),
]);

export const router = createRouter({
  routeTree,
  basepath: '/dashboard',
  parseSearch,
  stringifySearch: formatSearch,
  // The code of a screen is asked for when its link is pointed at.
  defaultPreload: 'intent',
  defaultPendingComponent: Skeleton,
  defaultPendingMs: 200,
  // A skeleton goes when the screen is there: held for longer it makes every first load half a second slower.
  defaultPendingMinMs: 0,
  defaultErrorComponent: ScreenBroken,
  defaultNotFoundComponent: NotFound,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
