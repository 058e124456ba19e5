import type { UserRole } from '@lovage/http-api';

/** Who makes a request, as the token or the API key tells. */
export interface CurrentUser {
  readonly id: string;
  readonly role: UserRole;
  /** The API key that was shown instead of a token. */
  readonly keyId?: string;
  /** The user's when the token was given; undefined with a key. */
  readonly epoch?: number;
  /** The login that gave the token; undefined with a key, and with a token of an older gateway. */
  readonly sessionId?: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before the body is read, on every route that is not public. */
    user: CurrentUser | null;
  }
}
