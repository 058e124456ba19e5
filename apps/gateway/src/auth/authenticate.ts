import type { ApiKey, UserStanding } from '@lovage/ports';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ProblemError } from '../problems/problem-error.ts';
import type { AccessTokens, TokenUser } from './access-tokens.ts';
import type { CurrentUser } from './current-user.ts';
import { hashOf } from './secrets.ts';
import type { KnownStanding, Standings } from './standings.ts';

const BEARER = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i;

/**
 * Finds out who calls, before the body is read: a stranger cannot make us parse a megabyte. The guard decides afterwards
 * what the user may do.
 */
export function authenticateEarly(server: FastifyInstance, { tokens, standings, keyHolder }: Credentials): void {
  server.decorateRequest('user', null);
  server.addHook('onRequest', (request, _reply, done) => {
    if (!needsUser(request)) return done();
    const key = request.headers['x-api-key'];
    if (key !== undefined) return byKey(request, key, keyHolder, done);
    const token = BEARER.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) return done(unauthenticated());
    const known = tokens.known(token);
    if (known) return byToken(request, known, standings, done);
    tokens.verify(token).then(
      (user) => byToken(request, user, standings, done),
      (error: Error) => done(unauthenticated(error)),
    );
  });
}

/** What tells who calls. */
export interface Credentials {
  readonly tokens: AccessTokens;
  readonly standings: Standings;
  readonly keyHolder: KeyHolder;
}

function byToken(
  request: FastifyRequest,
  holder: TokenUser,
  standings: Standings,
  done: (error?: Error) => void,
): void {
  const decide = (standing: KnownStanding): void => {
    const user = standingNow(holder, standing);
    if (!user)
      return done(
        unauthenticated(new Error('the user is gone, has another password or role since, or has logged out')),
      );
    request.user = user;
    done();
  };
  const known = standings.known(holder.id);
  if (known !== 'stale') decide(known);
  else standings.now(holder.id).then(decide, done);
}

/** The holder of a token with the role of now; undefined: they are nobody any more. */
export function standingNow(holder: TokenUser, standing: KnownStanding): CurrentUser | undefined {
  // Postgres never told: the token is not older than fifteen minutes.
  if (standing === undefined) return holder;
  if (standing === null || !isOfNow(holder, standing)) return undefined;
  return standing.role === holder.role ? holder : { ...holder, role: standing.role };
}

/** Whether a token was given after the last change of the user, by a login that nobody has ended. */
export function isOfNow({ epoch, sessionId }: CurrentUser, standing: UserStanding): boolean {
  return epoch === standing.epoch && (sessionId === undefined || !standing.endedSessions?.includes(sessionId));
}

/** Whose API key this is, asked of the database each time: a revoked key is refused from the next request on. */
export type KeyHolder = (hash: string) => Promise<ApiKey | undefined>;

/** No key is longer; what is, is not looked up. */
const MAX_KEY_LENGTH = 200;

function byKey(
  request: FastifyRequest,
  shown: string | string[],
  keyHolder: KeyHolder,
  done: (error?: Error) => void,
): void {
  if (typeof shown !== 'string' || shown.length > MAX_KEY_LENGTH) return done(keyRefused());
  keyHolder(hashOf(shown)).then((key) => {
    if (!key) return done(keyRefused());
    request.user = { id: key.userId, role: key.role, keyId: key.id };
    done();
  }, done);
}

function keyRefused(): ProblemError {
  return new ProblemError('unauthenticated', 'the API key is unknown, expired or revoked', {
    headers: { 'www-authenticate': 'Bearer' },
  });
}

/** A caller that is not, or no longer, logged in. With `cause`: why the token was refused. */
export function unauthenticated(cause?: unknown): ProblemError {
  const detail =
    cause === undefined
      ? 'log in at POST /api/auth/login and send the header Authorization: Bearer <accessToken>'
      : 'the access token is not valid, or no longer; log in again';
  const challenge = cause === undefined ? 'Bearer' : 'Bearer error="invalid_token"';
  return new ProblemError('unauthenticated', detail, { cause, headers: { 'www-authenticate': challenge } });
}

/** Routes outside /api are pages and documents; a path that is no route is answered 404 to everybody. */
function needsUser(request: FastifyRequest): boolean {
  const { url, config } = request.routeOptions;
  return url !== undefined && url.startsWith('/api') && !(config as { public?: boolean }).public;
}
