import { plain } from './plain-json.ts';
import { Malformed } from './reject-codes.ts';

export const TURN = 'x-lovage-turn';
export const ROW = 'x-lovage-row';
export const FACTS = 'x-lovage-facts';

/** Written anew for every message that we send. */
const OWN: ReadonlySet<string> = new Set([
  ...['lang', 'task', 'id', 'shadow', 'eta', 'expires', 'group', 'group_index', 'retries', 'timelimit'],
  ...['root_id', 'parent_id', 'argsrepr', 'kwargsrepr', 'origin', 'ignore_result', 'compression'],
  ...[TURN, ROW, FACTS],
]);

/** Added by a broker on the way, or an order to it (CC would send a copy again). */
const BROKERS = /^(?:x-(?:first-|last-)?death(?:-.*)?|x-delivery-count|x-acquired-count|x-delivered-by|cc|bcc)$/i;

/** Headers without what a broker added, for a message that is published again as it is. */
export function forwardableHeaders(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const key of Object.keys(headers))
    if (key !== '__proto__' && !BROKERS.test(key) && headers[key] !== undefined) kept[key] = headers[key];
  return kept;
}

/** The sender's own headers; undefined when there are none. @throws Malformed when they cannot be sent again. */
export function extraHeaders(headers: Readonly<Record<string, unknown>>): Record<string, unknown> | undefined {
  let extra: Record<string, unknown> | undefined;
  for (const key of Object.keys(headers)) {
    if (OWN.has(key) || BROKERS.test(key) || headers[key] === undefined) continue;
    if (key === '__proto__') throw new Malformed('headers_invalid', 'a header is named __proto__');
    (extra ??= {})[key] = checked(key, headers[key]);
  }
  return extra;
}

function checked(key: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object') {
    if (typeof value === 'number' && !Number.isFinite(value))
      throw new Malformed('headers_invalid', `header ${JSON.stringify(key.slice(0, 100))} is no finite number`);
    return value;
  }
  try {
    // A copy: the delivery's own headers must stay as they came.
    return plain(structuredClone(value), false, 64);
  } catch {
    throw new Malformed('headers_invalid', `header ${JSON.stringify(key.slice(0, 100))} is nested too deep or unsafe`);
  }
}
