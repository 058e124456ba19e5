import { Inject, Injectable } from '@nestjs/common';
import { newId } from '@lovage/foundation';
import type { LoginAnswer } from '@lovage/http-api';
import type { AccessStore, Clock, User, UserStore } from '@lovage/ports';
import { Audit, type Origin } from '../audit/audit.service.ts';
import { ACCESS, CLOCK, type GatewayOptions, OPTIONS, USERS } from '../deps.ts';
import { withinDeadline } from '../http/deadline.ts';
import { ProblemError } from '../problems/problem-error.ts';
import { ACCESS_TOKEN_SECONDS, AccessTokens } from './access-tokens.ts';
import { LoginLimiter } from './login-limiter.ts';
import { hashOf, newSecret, secretAfter } from './secrets.ts';

/** How long a login can be refreshed without a use, ms. Each use gives it anew. */
const REFRESH_TOKEN_MS = 30 * 24 * 3600 * 1000;
/** How long a used token still gives the answer that it gave, ms: two tabs that refresh at once are no theft. */
const GRACE_MS = 10_000;
const PREFIX = 'lvr_';
/** What is none is not looked for. */
const REFRESH_TOKEN = /^lvr_[\w-]{43}$/;

/**
 * Logins that last: a refresh token is used once and gives the next of its family. One that is used twice was copied, and
 * nobody can tell which of the two is the thief, so the whole family ends (RFC 9700, section 4.14.2). Within a short grace the
 * same answer is given again instead: the next token is made of the one before (docs/decisions/0271).
 */
@Injectable()
export class Sessions {
  constructor(
    @Inject(ACCESS) private readonly access: AccessStore,
    @Inject(USERS) private readonly users: Pick<UserStore, 'findById'>,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(OPTIONS) private readonly options: Pick<GatewayOptions, 'jwtSecret'>,
    private readonly tokens: AccessTokens,
    private readonly audit: Audit,
    private readonly limiter: LoginLimiter,
  ) {}

  /** The tokens of a new login; undefined: the password or role has changed since `user` was read. */
  async begin(user: User): Promise<LoginAnswer | undefined> {
    const { secret, hash } = newSecret(PREFIX);
    const token = {
      id: newId(),
      family: newId(),
      userId: user.id,
      hash,
      expiresAt: this.clock.now() + REFRESH_TOKEN_MS,
    };
    if (!(await withinDeadline(this.clock, this.access.saveRefreshToken(token, user.epoch)))) return undefined;
    return this.answer(user, secret);
  }

  /** @throws ProblemError `refresh_invalid`, `too_many_logins` */
  async refresh(refreshToken: string, origin: Origin): Promise<LoginAnswer> {
    this.limiter.refresh(origin.address);
    if (!REFRESH_TOKEN.test(refreshToken)) throw refreshInvalid();
    const { secret, hash } = secretAfter(refreshToken, PREFIX, this.options.jwtSecret);
    const next = { id: newId(), hash, expiresAt: this.clock.now() + REFRESH_TOKEN_MS };
    const outcome = await withinDeadline(
      this.clock,
      this.access.rotateRefreshToken(hashOf(refreshToken), next, { graceMs: GRACE_MS }),
    );
    // Once for each family: whoever shows an ended token again and again fills no log.
    if (outcome.kind === 'reused' && outcome.first)
      await this.audit.note(origin, { action: 'auth.refresh_reused', target: outcome.userId, userId: outcome.userId });
    const user =
      outcome.kind === 'rotated' || outcome.kind === 'repeated'
        ? await withinDeadline(this.clock, this.users.findById(outcome.userId))
        : undefined;
    if (!user) throw refreshInvalid();
    return this.answer(user, secret);
  }

  /** Ends the login that the token belongs to. A token that is nobody's, or of a login that has ended, is fine too. */
  async end(refreshToken: string, origin: Origin): Promise<void> {
    this.limiter.refresh(origin.address);
    if (!REFRESH_TOKEN.test(refreshToken)) return;
    const userId = await withinDeadline(this.clock, this.access.revokeRefreshFamily(hashOf(refreshToken)));
    if (userId !== undefined) await this.audit.note(origin, { action: 'auth.logout', target: userId, userId });
  }

  private async answer(user: User, refreshToken: string): Promise<LoginAnswer> {
    return { accessToken: await this.tokens.issue(user), refreshToken, expiresIn: ACCESS_TOKEN_SECONDS };
  }
}

function refreshInvalid(): ProblemError {
  return new ProblemError('refresh_invalid', 'it was used before, has expired, or the login was ended; log in again', {
    headers: { 'www-authenticate': 'Bearer' },
  });
}
