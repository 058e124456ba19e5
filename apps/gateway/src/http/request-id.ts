import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const GIVEN = /^[\x21-\x7e]{1,128}$/;

/** Names requests: as the caller did in `X-Request-Id`, else by a number unique to this process and its start. */
export function requestIds(): (request: IncomingMessage) => string {
  const start = randomBytes(6).toString('base64url');
  let count = 0;
  return (request) => {
    const given = request.headers['x-request-id'];
    if (typeof given === 'string' && GIVEN.test(given)) return given;
    count += 1;
    return `${start}-${count.toString(36)}`;
  };
}
