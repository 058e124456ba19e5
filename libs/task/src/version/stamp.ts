/**
 * What an input was made for: the contract's version and the fingerprint of its input schema, as `2:9f86d081884c7d65`. It travels
 * with the message and is kept with the row. Null: nobody said (a Celery caller, a task of an older release).
 */
export type Stamp = string;

export interface StampParts {
  readonly version: number;
  /** Null: only the version is known. */
  readonly fingerprint: string | null;
}

/** No version is larger: Postgres compares it as an int. */
export const MAX_VERSION = 2 ** 30;

const STAMP = /^([1-9]\d{0,9}):([0-9a-f]{16})?$/;

export function stampOf(version: number, fingerprint: string | null): Stamp {
  return `${version}:${fingerprint ?? ''}`;
}

/** Undefined for what is no stamp, whatever it is. */
export function readStamp(value: unknown): StampParts | undefined {
  const parts = typeof value === 'string' ? STAMP.exec(value) : null;
  if (!parts) return undefined;
  const version = Number(parts[1]);
  return version > MAX_VERSION ? undefined : { version, fingerprint: parts[2] ?? null };
}
