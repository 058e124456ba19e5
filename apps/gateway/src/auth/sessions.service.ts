import { Inject, Injectable } from '@nestjs/common';
import { isUuid, newId } from '@lovage/foundation';
import type { LoginAnswer } from '@lovage/http-api';
import type { AccessStore, Clock, Session, SessionClient, User, UserStore } from '@lovage/ports';
import { Audit, type Origin } from '../audit/audit.service.ts';
import { ACCESS, CLOCK, type GatewayOptions, OPTIONS, USERS } from '../deps.ts';
import { ProblemError } from '../problems/problem-error.ts';
import { ACCESS_TOKEN_SECONDS, AccessTokens } from './access-tokens.ts';
import type { CurrentUser } from './current-user.ts';
import { LoginLimiter } from './login-limiter.ts';
import { hashOf, newSecret, secretAfter } from './secrets.ts';
import { Standings } from './standings.ts';

/** How long a login can be refreshed without a use, ms. Each use gives it anew. */
export const REFRESH_TOKEN_MS = 30 * 24 * 3600 * 1000;
/** How long a used token still gives the answer that it gave, ms: two tabs that refresh at once are no theft. */
const GRACE_MS = 10_000;
const PREFIX = 'lvr_';
/** Sessions of one list. */
const LISTED = 200;
/** Any other text is not looked for. */
const REFRESH_TOKEN = /^lvr_[\w-]{43}$/;

/** What a login or refresh gives. */
export type Tokens = LoginAnswer & { readonly refreshToken: string };

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
    private readonly standings: Standings,
  ) {}

  /** The tokens of a new login; undefined: the password or role has changed since `user` was read. */
  async begin(user: User, client: SessionClient): Promise<Tokens | undefined> {
    const { secret, hash } = newSecret(PREFIX);
    const token = {
      id: newId(),
      family: newId(),
      userId: user.id,
      hash,
      expiresAt: this.clock.now() + REFRESH_TOKEN_MS,
    };
    if (!(await this.access.saveRefreshToken(token, user.epoch, client))) return undefined;
    return this.answer(user, token.family, secret);
  }

  /** @throws ProblemError `refresh_invalid`, `too_many_logins` */
  async refresh(refreshToken: string, origin: Origin, client: SessionClient): Promise<Tokens> {
    await this.limiter.refresh(origin.address);
    if (!REFRESH_TOKEN.test(refreshToken)) throw refreshInvalid();
    const { secret, hash } = secretAfter(refreshToken, PREFIX, this.options.jwtSecret);
    const next = { id: newId(), hash, expiresAt: this.clock.now() + REFRESH_TOKEN_MS };
    const outcome = await this.access.rotateRefreshToken(hashOf(refreshToken), next, { graceMs: GRACE_MS, client });
    // Once for each family: an ended token that is shown many times fills no log.
    if (outcome.kind === 'reused' && outcome.first) {
      this.standings.forget(outcome.userId);
      await this.audit.note(origin, { action: 'auth.refresh_reused', target: outcome.userId, userId: outcome.userId });
    }
    if (outcome.kind !== 'rotated' && outcome.kind !== 'repeated') throw refreshInvalid();
    const user = await this.users.findById(outcome.userId);
    if (!user || user.disabledAt !== null) throw refreshInvalid();
    return this.answer(user, outcome.family, secret);
  }

  /** Ends the login that the token belongs to. A token that is nobody's, or of a login that has ended, is fine too. */
  async end(refreshToken: string, origin: Origin): Promise<void> {
    await this.limiter.refresh(origin.address);
    if (!REFRESH_TOKEN.test(refreshToken)) return;
    const userId = await this.access.revokeRefreshFamily(hashOf(refreshToken));
    if (userId === undefined) return;
    this.standings.forget(userId);
    await this.audit.note(origin, { action: 'auth.logout', target: userId, userId });
  }

  /**
   * Ends all logins of the caller, and their access tokens; how many could still be refreshed.
   * @throws ProblemError `forbidden` to an API key
   */
  async endAll(origin: Origin): Promise<number> {
    const { id, keyId } = origin.user!;
    if (keyId !== undefined)
      throw new ProblemError('forbidden', 'an API key cannot end sessions; log in with e-mail and password');
    const ended = await this.access.endSessionsOf(id);
    this.standings.forget(id);
    await this.audit.note(origin, { action: 'auth.logout_everywhere', target: id, detail: { ended } });
    return ended;
  }

  /** Sessions of the caller, of another user, or of `all`. @throws ProblemError `forbidden`: others are for administrators */
  list(user: string | undefined, current: CurrentUser): Promise<Session[]> {
    if (user !== undefined && user !== current.id && current.role !== 'admin')
      throw new ProblemError('forbidden', 'sessions of others are for administrators');
    const userId = user === 'all' ? undefined : (user?.toLowerCase() ?? current.id);
    return this.access.listSessions({ userId, limit: LISTED });
  }

  /**
   * Ends one session; administrators also those of others. For an API key of a smaller role there are none: one that was lost is not to
   * keep its owner logged out.
   * @throws ProblemError `session_unknown`
   */
  async endOne(id: string, origin: Origin): Promise<void> {
    const { id: own, role, keyId } = origin.user!;
    const may = isUuid(id) && (keyId === undefined || role === 'admin');
    const whose = role === 'admin' ? undefined : own;
    const userId = may ? await this.access.endSession(id.toLowerCase(), whose) : undefined;
    if (userId === undefined)
      throw new ProblemError(
        'session_unknown',
        `there is no session ${JSON.stringify(id)} of yours that has not ended`,
      );
    this.standings.forget(userId);
    await this.audit.note(origin, { action: 'session.end', target: userId, detail: { session: id } });
  }

  private async answer(user: User, sessionId: string, refreshToken: string): Promise<Tokens> {
    return {
      accessToken: await this.tokens.issue({ ...user, sessionId }),
      refreshToken,
      expiresIn: ACCESS_TOKEN_SECONDS,
    };
  }
}

function refreshInvalid(): ProblemError {
  return new ProblemError('refresh_invalid', 'it was used before, has expired, or the login was ended; log in again', {
    headers: { 'www-authenticate': 'Bearer' },
  });
}
