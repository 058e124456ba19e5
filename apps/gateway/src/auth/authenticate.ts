import type { ApiKey } from '@lovage/ports';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ProblemError } from '../problems/problem-error.ts';
import type { AccessTokens } from './access-tokens.ts';
import { hashOf } from './secrets.ts';

const BEARER = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i;

/**
 * Finds out who calls, before the body is read: a stranger cannot make us parse a megabyte. The guard decides afterwards
 * what the user may do.
 */
export function authenticateEarly(server: FastifyInstance, tokens: AccessTokens, keyHolder: KeyHolder): void {
  server.decorateRequest('user', null);
  server.addHook('onRequest', (request, _reply, done) => {
    if (!needsUser(request)) return done();
    const key = request.headers['x-api-key'];
    if (key !== undefined) return byKey(request, key, keyHolder, done);
    const token = BEARER.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) return done(unauthenticated());
    const known = tokens.known(token);
    if (known) {
      request.user = known;
      return done();
    }
    tokens.verify(token).then(
      (user) => {
        request.user = user;
        done();
      },
      (error: Error) => done(unauthenticated(error)),
    );
  });
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

/** Whoever is not, or no longer, logged in. With `cause`: why the token was refused. */
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
