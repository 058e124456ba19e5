/** Fields of an error that may hold the headers of an HTTP response, as the usual clients have them. */
interface HttpLike {
  readonly retryAfter?: unknown;
  readonly headers?: unknown;
  readonly response?: { readonly headers?: unknown } | null;
}

/**
 * How long an error asks to wait, ms from `now`: its `retryAfter` (seconds, a Date, or a text as in the header), or the
 * `Retry-After` header of the HTTP response that it carries (`error.response.headers` or `error.headers`; a `Headers` or a
 * plain object). Undefined when it asks for nothing that can be understood; a time gone by is 0.
 */
export function retryAfterMs(error: unknown, now: number): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { retryAfter, response, headers } = error as HttpLike;
  return waitOf(retryAfter, now) ?? waitOf(header(response?.headers), now) ?? waitOf(header(headers), now);
}

function waitOf(given: unknown, now: number): number | undefined {
  const ms =
    given instanceof Date
      ? given.getTime() - now
      : typeof given === 'number'
        ? given * 1000
        : typeof given === 'string'
          ? textMs(given.trim(), now)
          : NaN;
  return Number.isFinite(ms) ? Math.max(0, Math.round(ms)) : undefined;
}

/** As RFC 9110 has it: whole seconds, or a date. */
function textMs(text: string, now: number): number {
  if (/^\d{1,10}$/.test(text)) return Number(text) * 1000;
  // Shorter texts are read as dates of their own kind ("5" is a month).
  return text.length >= 20 && text.length < 100 ? Date.parse(text) - now : NaN;
}

function header(headers: unknown): unknown {
  if (typeof headers !== 'object' || headers === null) return undefined;
  const { get } = headers as { get?: unknown };
  if (typeof get === 'function') return (get as (name: string) => unknown).call(headers, 'retry-after');
  const found = Object.entries(headers).find(([name]) => name.toLowerCase() === 'retry-after');
  return Array.isArray(found?.[1]) ? found[1][0] : found?.[1];
}
