import { createHash, createHmac, randomBytes } from 'node:crypto';

/** Random bytes of a refresh token or API key: 256 bits, so that a plain hash of it is as good as a slow one. */
const SECRET_BYTES = 32;

/** A secret to hand out once, and what is kept of it. */
export function newSecret(prefix: string): { readonly secret: string; readonly hash: string } {
  const secret = prefix + randomBytes(SECRET_BYTES).toString('base64url');
  return { secret, hash: hashOf(secret) };
}

/** The secret that follows another one: the same each time, and not to be told from it without the key. */
export function secretAfter(
  secret: string,
  prefix: string,
  key: string,
): { readonly secret: string; readonly hash: string } {
  const next = prefix + createHmac('sha256', key).update(`after ${secret}`).digest('base64url');
  return { secret: next, hash: hashOf(next) };
}

/** SHA-256, base64url. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
