import { newId } from '@lovage/foundation';
import type { UserStore } from '@lovage/ports';
import { Passwords } from './passwords.ts';

/** Makes the first administrator where there is no user at all; tells whether it did. Safe when several gateways start at once. */
export async function ensureFirstAdmin(
  users: Pick<UserStore, 'insertFirst'>,
  admin: { readonly email: string; readonly password: string },
): Promise<boolean> {
  const passwordHash = await new Passwords().hash(admin.password);
  return users.insertFirst({ id: newId(), email: admin.email.toLowerCase(), name: null, role: 'admin', passwordHash });
}
