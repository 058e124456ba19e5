import { isUuid } from '@lovage/foundation';
import { USER_ROLES, type UserRole } from '@lovage/http-api';
import type { Clock } from '@lovage/ports';
import { jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import type { CurrentUser } from './current-user.ts';

/** How long an access token holds at most, in seconds. */
export const ACCESS_TOKEN_SECONDS = 15 * 60;
/** Verified tokens remembered, at most. */
const MAX_KNOWN = 10_000;
const ISSUER = 'lovage';
const TYPE = 'at+jwt';

/** Whom a token was given to, and what they were then. */
export interface TokenUser extends CurrentUser {
  /** The user's at that time. */
  readonly epoch: number;
}

interface Known {
  readonly user: TokenUser;
  readonly expiresAt: number;
}

/**
 * Access tokens: JWTs signed with HS256. One that was verified is known by its exact text until it expires, so that a
 * request costs a look-up and no signature.
 */
export class AccessTokens {
  private readonly key: Uint8Array;
  private readonly cache: LRUCache<string, Known>;

  constructor(
    secret: string,
    private readonly clock: Clock,
    maxKnown = MAX_KNOWN,
  ) {
    this.cache = new LRUCache({ max: maxKnown });
    this.key = new TextEncoder().encode(secret);
  }

  issue(user: Pick<TokenUser, 'id' | 'role' | 'epoch' | 'sessionId'>): Promise<string> {
    const now = Math.floor(this.clock.now() / 1000);
    return new SignJWT({ role: user.role, epoch: user.epoch, sid: user.sessionId })
      .setProtectedHeader({ alg: 'HS256', typ: TYPE })
      .setIssuer(ISSUER)
      .setSubject(user.id)
      .setIssuedAt(now)
      .setExpirationTime(now + ACCESS_TOKEN_SECONDS)
      .sign(this.key);
  }

  /** The token's user, if it was verified before and still holds. */
  known(token: string): TokenUser | undefined {
    const found = this.cache.get(token);
    if (!found) return undefined;
    if (found.expiresAt > this.clock.now()) return found.user;
    this.cache.delete(token);
    return undefined;
  }

  /** @throws Error for a token that is forged, expired, or not ours. */
  async verify(token: string): Promise<TokenUser> {
    const { payload } = await jwtVerify(token, this.key, {
      algorithms: ['HS256'],
      typ: TYPE,
      issuer: ISSUER,
      requiredClaims: ['sub', 'exp', 'role'],
      currentDate: new Date(this.clock.now()),
    });
    const { sub, role, exp } = payload;
    // Gateways of an earlier version give tokens without one.
    const epoch = payload['epoch'] ?? 0;
    const sid = payload['sid'];
    const sessionId = typeof sid === 'string' ? sid : undefined;
    if (!sub || !isUuid(sub) || !isRole(role) || typeof epoch !== 'number') throw new Error('the token names no user');
    const user = { id: sub, role, epoch, sessionId };
    this.cache.set(token, { user, expiresAt: exp! * 1000 });
    return user;
  }
}

function isRole(role: unknown): role is UserRole {
  return USER_ROLES.includes(role as UserRole);
}
