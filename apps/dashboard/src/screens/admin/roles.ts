import type { UserRole } from '@lovage/http-api';

/** The roles with what they may do. */
export const ROLE_OPTIONS: readonly { readonly value: UserRole; readonly label: string }[] = [
  { value: 'viewer', label: 'Viewer: reads' },
  { value: 'operator', label: 'Operator: also submits and steers' },
  { value: 'admin', label: 'Admin: also users, keys and settings' },
];
export const ROLE_NAMES: Readonly<Record<UserRole, string>> = {
  viewer: 'Viewer',
  operator: 'Operator',
  admin: 'Admin',
};
