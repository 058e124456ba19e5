import type { UserDocument } from '@lovage/http-api';
import type { User } from '@lovage/ports';

export function userDocument(user: User): UserDocument {
  const { id, email, name, role, createdAt } = user;
  return { id, email, name, role, createdAt: new Date(createdAt).toISOString() };
}
