import { z } from 'zod';

/** Least first; each may do what those before it may. */
export const USER_ROLES = ['viewer', 'operator', 'admin'] as const;
/** `viewer` reads; `operator` submits and steers; `admin` also manages users and keys. */
export type UserRole = (typeof USER_ROLES)[number];

/** Whether this role includes that one. */
export function includesRole(has: UserRole, wanted: UserRole): boolean {
  return USER_ROLES.indexOf(has) >= USER_ROLES.indexOf(wanted);
}

/** A user as the API shows it. */
export const UserDocument = z
  .object({
    id: z.uuid(),
    email: z.string(),
    name: z.string().nullable(),
    role: z.enum(USER_ROLES),
    createdAt: z.iso.datetime({ precision: 3 }),
  })
  .meta({ id: 'User' });
export type UserDocument = z.output<typeof UserDocument>;
