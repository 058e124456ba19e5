import { shown } from './checks.ts';

/** Most that a result may have, bytes: V8 ends a process that makes a text of 512 MiB, and each character may be escaped twice. */
export const MAX_RESULT_LIMIT = 64 * 1024 ** 2;

/** A size in bytes: `1048576`, `'512KiB'`, `'20MiB'`. K and M are powers of 1024. */
export type Size = number | string;

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2 };

/** @throws RangeError */
export function compileResultLimit(given: Size | undefined): number | undefined {
  if (given === undefined) return undefined;
  const found = /^(\d{1,10})\s*(?:([km])i?b?|b)?$/i.exec(String(given));
  const bytes = found ? Number(found[1]) * UNITS[(found[2] ?? '').toLowerCase()]! : NaN;
  if (!(bytes >= 1 && bytes <= MAX_RESULT_LIMIT))
    throw new RangeError(`resultLimit: ${shown(given)} is no size such as 1048576 or '20MiB', at most 64MiB`);
  return bytes;
}
