import {
  CalendarClock,
  CircleX,
  FileCode2,
  Gauge,
  Inbox,
  LayoutDashboard,
  ListChecks,
  MailX,
  Server,
  Settings2,
  Zap,
  type LucideIcon,
} from 'lucide-react';
import type { UserRole } from '@lovage/http-api';

export interface NavigationPlace {
  readonly to:
    | '/overview'
    | '/tasks'
    | '/queues'
    | '/workers'
    | '/schedules'
    | '/contracts'
    | '/limits'
    | '/dead-letters'
    | '/failures'
    | '/load-test'
    | '/admin';
  readonly name: string;
  readonly icon: LucideIcon;
  /** After `g`. */
  readonly key: string;
  /** Who sees it. */
  readonly role: UserRole;
}

/** The screens, in the order of the navigation. */
export const PLACES: readonly NavigationPlace[] = [
  { to: '/overview', name: 'Overview', icon: LayoutDashboard, key: 'o', role: 'viewer' },
  { to: '/tasks', name: 'Tasks', icon: ListChecks, key: 't', role: 'viewer' },
  { to: '/queues', name: 'Queues', icon: Inbox, key: 'q', role: 'viewer' },
  { to: '/workers', name: 'Workers', icon: Server, key: 'w', role: 'viewer' },
  { to: '/schedules', name: 'Schedules', icon: CalendarClock, key: 's', role: 'viewer' },
  { to: '/contracts', name: 'Contracts', icon: FileCode2, key: 'c', role: 'viewer' },
  { to: '/limits', name: 'Limits', icon: Gauge, key: 'l', role: 'viewer' },
  { to: '/failures', name: 'Failures', icon: CircleX, key: 'f', role: 'viewer' },
  { to: '/dead-letters', name: 'Dead letters', icon: MailX, key: 'd', role: 'viewer' },
  { to: '/load-test', name: 'Load test', icon: Zap, key: 'b', role: 'operator' },
  { to: '/admin', name: 'Admin', icon: Settings2, key: 'a', role: 'admin' },
];

/** Those that a phone's bar has room for; the others are behind "More". */
export const PHONE_PLACES = ['/overview', '/tasks', '/queues', '/dead-letters'];
