import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ProblemError } from '../problems/problem-error.ts';
import type { AccessTokens } from './access-tokens.ts';

const BEARER = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i;

/**
 * Finds out who calls, before the body is read: a stranger cannot make us parse a megabyte. The guard decides afterwards
 * what the user may do.
 */
export function authenticateEarly(server: FastifyInstance, tokens: AccessTokens): void {
  server.decorateRequest('user', null);
  server.addHook('onRequest', (request, _reply, done) => {
    if (!needsUser(request)) return done();
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
