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
