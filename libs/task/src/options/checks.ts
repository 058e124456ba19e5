import { closest, durationMs, type Duration } from '@lovage/foundation';

export const SOFT_LIMIT_RULE = 'must be shorter than timeLimit, or the handler gets no time to tidy up';

export function names(name: string, list: readonly string[]): ReadonlySet<string> {
  if (!Array.isArray(list) || !list.every((item) => typeof item === 'string'))
    throw new RangeError(`${name}: must be a list of error names, such as ['Timeout']`);
  return new Set(list);
}

export function named(name: string, duration: Duration): number {
  try {
    return durationMs(duration);
  } catch (error) {
    throw new RangeError(`${name}: ${(error as Error).message}`, { cause: error });
  }
}

export function optionalMs(name: string, duration: Duration | undefined): number | undefined {
  if (duration === undefined) return undefined;
  const ms = named(name, duration);
  if (ms === 0) throw new RangeError(`${name}: must be longer than zero; leave it out for no limit`);
  return ms;
}

export function oneOf<T extends string>(name: string, value: T, allowed: readonly T[]): T {
  if (!allowed.includes(value)) throw new RangeError(`${name}: ${shown(value)} is not one of ${allowed.join(', ')}`);
  return value;
}

/** @param at goes before the name of what is unknown: where it stands. */
export function refuseUnknown(prefix: string, what: string, given: unknown, known: readonly string[], at = ''): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new RangeError(`${prefix}must be an object`);
  for (const key of Object.keys(given)) {
    if (known.includes(key)) continue;
    const near = closest(key, known);
    throw new RangeError(
      `${at}${key}: unknown ${what}${near ? `; did you mean ${near}?` : ''} (known: ${known.join(', ')})`,
    );
  }
}

/** Whatever was given, fit for a message. */
export function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : typeof value === 'object' ? 'an object' : String(value);
}
