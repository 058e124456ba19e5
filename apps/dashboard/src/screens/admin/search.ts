import { one, oneOf, type Search } from '../../app/search-params.ts';

export const ADMIN_TABS = ['users', 'keys', 'sessions', 'audit', 'files'] as const;
export type AdminTab = (typeof ADMIN_TABS)[number];

export interface AdminSearch {
  /** Left out: users. */
  readonly tab?: AdminTab;
  /** Of the audit log: an action, or `key.*`. */
  readonly action?: string;
  /** Of the audit log and of sessions: id of a user. */
  readonly user?: string;
  /** Of the audit log: the last day of it, `2026-11-29`. */
  readonly day?: string;
}

export function adminSearch(search: Search): AdminSearch {
  const tab = oneOf(search['tab'], ADMIN_TABS);
  const action = one(search['action']);
  const user = one(search['user']);
  const day = one(search['day']);
  return {
    ...(tab !== undefined && tab !== 'users' && { tab }),
    ...(action !== undefined && { action }),
    ...(user !== undefined && { user }),
    ...(day !== undefined && /^\d{4}-\d\d-\d\d$/.test(day) && !Number.isNaN(Date.parse(day)) && { day }),
  };
}
