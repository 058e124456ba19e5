import { ProblemError } from '../problems/problem-error.ts';

const KEY = /^[\x21-\x7e]{1,255}$/;

/** The header's key, or undefined without one. @throws ProblemError `header_invalid` */
export function idempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && KEY.test(header)) return header;
  const message = 'must be 1 to 255 visible ASCII characters, once';
  throw new ProblemError('header_invalid', `Idempotency-Key ${message}`, {
    errors: [{ path: 'headers.idempotency-key', message }],
  });
}
