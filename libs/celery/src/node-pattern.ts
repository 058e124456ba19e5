import { createContext, runInContext, type Context } from 'node:vm';
import { hasCode } from '@lovage/foundation';

/** A regular expression gets so long, ms: one that takes longer on a name of 255 characters is made to. */
const REGEXP_MS = 20;
/** After one that took longer none is tried for so long, ms: a flood of them holds up nobody. */
const PENALTY_MS = 10_000;

/** Python's `fnmatch` with case: `*`, `?`, `[abc]`, `[a-c]`, `[!a]`. Its time is bounded by the product of both lengths. */
export function matchesGlob(pattern: string, text: string): boolean {
  const parts = partsOf(pattern);
  const chars = [...text];
  let [p, t] = [0, 0];
  let [star, from] = [-1, 0];
  while (t < chars.length) {
    const part = parts[p];
    if (part === '*') {
      star = p++;
      from = t;
    } else if (part?.(chars[t]!)) {
      p += 1;
      t += 1;
    } else if (star >= 0) {
      p = star + 1;
      t = ++from;
    } else return false;
  }
  while (parts[p] === '*') p += 1;
  return p === parts.length;
}

type Part = '*' | ((char: string) => boolean);

function partsOf(pattern: string): Part[] {
  const chars = [...pattern];
  const parts: Part[] = [];
  for (let i = 0; i < chars.length; i += 1) {
    const char = chars[i]!;
    if (char === '*') {
      if (parts.at(-1) !== '*') parts.push('*');
    } else if (char === '?') parts.push(() => true);
    else {
      // A bracket that comes first in a set is one of the set.
      const end = char === '[' ? chars.indexOf(']', i + (chars[i + 1] === '!' ? 3 : 2)) : -1;
      if (end < 0) parts.push((one) => one === char);
      else {
        parts.push(setOf(chars.slice(i + 1, end)));
        i = end;
      }
    }
  }
  return parts;
}

function setOf(chars: readonly string[]): (char: string) => boolean {
  const negated = chars[0] === '!';
  const ranges: [string, string][] = [];
  for (let i = negated ? 1 : 0; i < chars.length; i += 1) {
    const from = chars[i]!;
    if (chars[i + 1] === '-' && i + 2 < chars.length) {
      ranges.push([from, chars[i + 2]!]);
      i += 2;
    } else ranges.push([from, from]);
  }
  return (char) => ranges.some(([from, to]) => char >= from && char <= to) !== negated;
}

let context: Context | undefined;
let refusedUntil = -Infinity;

/**
 * Whether a regular expression matches at the beginning of a text, as Python's `re.match` does. It is read as JavaScript reads it: what
 * only Python has, as `(?P<name>…)`, matches nothing, nor does what takes too long, and then for a while no expression does.
 * @param now monotonic, ms
 */
export function matchesRegExp(pattern: string, text: string, now = performance.now()): boolean {
  if (now < refusedUntil) return false;
  // A matcher that backtracks can be interrupted nowhere else. Nothing of the pattern is run as code.
  context ??= createContext(Object.create(null) as Context);
  Object.assign(context, { pattern: `^(?:${pattern})`, text });
  try {
    return runInContext('new RegExp(pattern, "u").test(text)', context, { timeout: REGEXP_MS }) as boolean;
  } catch (error) {
    if (hasCode(error, 'ERR_SCRIPT_EXECUTION_TIMEOUT')) refusedUntil = now + PENALTY_MS;
    return false;
  }
}
