import type { UserRole } from '@lovage/http-api';

/** Who makes a request, as the token tells. */
export interface CurrentUser {
  readonly id: string;
  readonly role: UserRole;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before the body is read, on every route that is not public. */
    user: CurrentUser | null;
  }
}
