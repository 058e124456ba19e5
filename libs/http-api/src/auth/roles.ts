/** Least first; each may do what those before it may. */
export const USER_ROLES = ['viewer', 'operator', 'admin'] as const;
/** `viewer` reads; `operator` submits and steers; `admin` also manages users and keys. */
export type UserRole = (typeof USER_ROLES)[number];

/** Whether this role includes that one. */
export function includesRole(has: UserRole, wanted: UserRole): boolean {
  return USER_ROLES.indexOf(has) >= USER_ROLES.indexOf(wanted);
}
