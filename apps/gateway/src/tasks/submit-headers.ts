import type { TaskHandle } from '@lovage/client';
import { ProblemError } from '../problems/problem-error.ts';

/** Longest wait that is granted, in seconds. */
export const MAX_WAIT_SECONDS = 60;

/**
 * Seconds that `Prefer: wait=…` asks for (RFC 7240), at most {@link MAX_WAIT_SECONDS}; 0 for none. A preference that cannot be read
 * is passed over, as the RFC wants it; of several the first counts.
 */
export function preferredWait(header: string | string[] | undefined): number {
  if (header === undefined) return 0;
  for (const preference of String(header).split(',')) {
    const [, seconds] = /^\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:;.*)?$/i.exec(preference) ?? [];
    if (seconds !== undefined) return Math.min(Number(seconds), MAX_WAIT_SECONDS);
  }
  return 0;
}

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

const EXISTING = { idempotencyKey: 'idempotency-key', unique: 'unique' } as const;

/** Where the task is to be found; and why it is one that was there before, if it is. */
export function acceptedHeaders({ id, earlier }: Pick<TaskHandle, 'id' | 'earlier'>): Record<string, string> {
  return { location: `/api/tasks/${id}`, ...(earlier && { 'x-existing-task': EXISTING[earlier] }) };
}
