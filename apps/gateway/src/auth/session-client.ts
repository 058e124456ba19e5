import type { SessionClient } from '@lovage/ports';
import type { FastifyRequest } from 'fastify';
import { clientAddress } from '../http/client-address.ts';

/** What is kept of `User-Agent`, characters. */
const MAX_USER_AGENT = 300;

/** Who uses a login, for the list of sessions. What a client says of itself is cut, and holds no control characters. */
export function sessionClientOf(request: FastifyRequest, cookie: boolean): SessionClient {
  const said = request.headers['user-agent']?.slice(0, MAX_USER_AGENT).replace(/[\p{Cc}\p{Cs}]/gu, ' ');
  return { cookie, address: clientAddress(request), userAgent: said || null };
}
