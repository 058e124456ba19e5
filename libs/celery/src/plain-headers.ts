/** Deepest nesting that is kept of a header's value. */
const MAX_DEPTH = 32;

/**
 * Headers as JSON text, whatever they hold: bytes become text, times ISO text, and what JSON has no word for is left out. Nothing here
 * may throw: the message is broken already.
 */
export function headersJson(headers: Readonly<Record<string, unknown>>, without: ReadonlySet<string>): string {
  const kept: [string, unknown][] = [];
  for (const key of Object.keys(headers)) if (!without.has(key)) kept.push([key, plainOf(headers[key], 0)]);
  return JSON.stringify(Object.fromEntries(kept));
}

function plainOf(value: unknown, depth: number): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object') return undefined;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (depth >= MAX_DEPTH) return '…';
  if (Array.isArray(value)) return value.map((item) => plainOf(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plainOf(item, depth + 1)]));
}
