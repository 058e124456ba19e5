import { fieldOf } from '@lovage/foundation';

/** Fields of headers that are looked through. */
const MAX_HEADERS = 200;
/** Of a text that tells a time, characters. */
const MAX_TEXT = 100;

/**
 * How long an error asks to wait, ms from `now`: its `retryAfter` (seconds, a Date, or a text as in the header), or the
 * `Retry-After` header of the HTTP response that it carries (`error.response.headers` or `error.headers`; a `Headers` or a
 * plain object). Undefined when it asks for nothing that can be understood; a time gone by is 0. Never throws.
 */
export function retryAfterMs(error: unknown, now: number): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  try {
    return (
      waitOf(fieldOf(error, 'retryAfter'), now) ??
      waitOf(header(fieldOf(fieldOf(error, 'response'), 'headers')), now) ??
      waitOf(header(fieldOf(error, 'headers')), now)
    );
  } catch {
    // A date or headers of somebody's own, which throw.
    return undefined;
  }
}

function waitOf(given: unknown, now: number): number | undefined {
  const ms =
    given instanceof Date
      ? given.getTime() - now
      : typeof given === 'number'
        ? given * 1000
        : typeof given === 'string' && given.length < MAX_TEXT
          ? textMs(given.trim(), now)
          : NaN;
  return Number.isFinite(ms) ? Math.max(0, Math.round(ms)) : undefined;
}

/** As RFC 9110 has it: whole seconds, or a date. */
function textMs(text: string, now: number): number {
  if (/^\d{1,10}$/.test(text)) return Number(text) * 1000;
  // Shorter texts are read as dates of their own kind ("5" is a month).
  return text.length >= 20 ? Date.parse(text) - now : NaN;
}

function header(headers: unknown): unknown {
  if (typeof headers !== 'object' || headers === null) return undefined;
  const get = fieldOf(headers, 'get');
  if (typeof get === 'function') return (get as (name: string) => unknown).call(headers, 'retry-after');
  let left = MAX_HEADERS;
  for (const name in headers) {
    if ((left -= 1) < 0) return undefined;
    if (name.length !== 11 || name.toLowerCase() !== 'retry-after') continue;
    const value = fieldOf(headers, name);
    return Array.isArray(value) ? value[0] : value;
  }
  return undefined;
}
