import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from '../problems/problem-error.ts';

/** No two paths of the API have a cookie in common: only what refreshes or ends a login is sent it. */
const PATH = '/api/auth';
const NAME = 'lovage_refresh';

/** The refresh token of the request's cookie; undefined: it has none. */
export function refreshCookieOf(request: Pick<FastifyRequest, 'headers'>): string | undefined {
  const cookies = request.headers.cookie?.split(';') ?? [];
  const own = cookies.map((cookie) => cookie.trim()).find((cookie) => cookie.startsWith(`${NAME}=`));
  return own?.slice(NAME.length + 1) || undefined;
}

/** Puts the token where scripts do not reach it. Over plain HTTP, as on localhost, the cookie cannot be `Secure`. */
export function setRefreshCookie(request: FastifyRequest, reply: FastifyReply, token: string, seconds: number): void {
  const secure = request.protocol === 'https' ? '; Secure' : '';
  reply.header(
    'set-cookie',
    `${NAME}=${token}; Path=${PATH}; HttpOnly; SameSite=Strict; Max-Age=${Math.floor(seconds)}${secure}`,
  );
}

export function clearRefreshCookie(request: FastifyRequest, reply: FastifyReply): void {
  setRefreshCookie(request, reply, '', 0);
}

/**
 * A cookie comes along whichever page has made the browser ask, so only pages of this origin may use it. A browser says which page asks in
 * `Sec-Fetch-Site`; over plain HTTP to another machine, where it does not, in `Origin`. Compared by host alone: a proxy that is not
 * trusted may have taken TLS away.
 * @throws ProblemError `cross_site`
 */
export function requireSameOrigin(request: FastifyRequest): void {
  const { 'sec-fetch-site': site, origin } = request.headers;
  const own = site === undefined ? isHostOf(origin, request.host) : site === 'same-origin';
  if (own) return;
  throw new ProblemError(
    'cross_site',
    'the refresh token of a cookie is for pages of this origin alone; others send refreshToken in the body',
  );
}

function isHostOf(origin: string | undefined, host: string): boolean {
  // An opaque origin, such as that of a sandboxed frame, is `null`.
  if (origin === undefined || !URL.canParse(origin)) return false;
  const asks = new URL(origin);
  // With the origin's scheme: a Host header may name the usual port, and an origin does not.
  const own = `${asks.protocol}//${host}`;
  return asks.host !== '' && URL.canParse(own) && new URL(own).host === asks.host;
}
