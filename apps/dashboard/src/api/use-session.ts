import { includesRole, type UserDocument, type UserRole } from '@lovage/http-api';
import { useSyncExternalStore } from 'react';
import { session, type SessionState } from './session.ts';

export function useSession(): SessionState {
  return useSyncExternalStore(session.subscribe, () => session.state);
}

/** The user who is signed in. @throws Error outside of the pages that take a sign-in. */
export function useUser(): UserDocument {
  const state = useSession();
  if (state.status !== 'in') throw new Error('nobody is signed in');
  return state.user;
}

/** Whether the user may do what takes this role: what one may not do is not offered. */
export function useMay(role: UserRole): boolean {
  const state = useSession();
  return state.status === 'in' && includesRole(state.user.role, role);
}
