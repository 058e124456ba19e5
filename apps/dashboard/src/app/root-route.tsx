import { createRootRoute, createRoute, lazyRouteComponent, Outlet, redirect } from '@tanstack/react-router';
import { session } from '../api/session.ts';
import { one, type Search } from './search-params.ts';

export const rootRoute = createRootRoute({ component: Outlet });

export const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  validateSearch: (search: Search) => ({ back: one(search['back']) }),
  component: lazyRouteComponent(() => import('../screens/sign-in/sign-in-screen.tsx'), 'SignInScreen'),
});

/** The frame around all screens, for who is signed in. */
export const frameRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'frame',
  beforeLoad: ({ location }) => {
    if (session.state.status === 'out') throw redirect({ to: '/sign-in', search: { back: location.href } });
  },
  component: lazyRouteComponent(() => import('./frame/frame.tsx'), 'Frame'),
});
