import type { UserDocument } from '@lovage/http-api';
import type { User } from '@lovage/ports';

export function userDocument(user: User): UserDocument {
  const { id, email, name, role, createdAt, disabledAt } = user;
  return {
    ...{ id, email, name, role },
    disabledAt: disabledAt === null ? null : new Date(disabledAt).toISOString(),
    createdAt: new Date(createdAt).toISOString(),
  };
}
