import { MalformedError } from './reject-codes.ts';

/** Which message of the task it is. */
export const GENERATION = 'x-lovage-generation';
/** The same under its name up to 0.1: sent until the next release for workers of then, and read where the other is absent. */
export const FORMER_GENERATION = 'x-lovage-turn';
export const ROW = 'x-lovage-row';
/** Data of a new task. Read first; what is sent until the next release is {@link FORMER_NEW_TASK}, which workers up to 0.1 read. */
export const NEW_TASK = 'x-lovage-task';
export const FORMER_NEW_TASK = 'x-lovage-facts';
/** What the input was made for: contract version and schema fingerprint, `2:9f86d081884c7d65`. */
export const INPUT = 'x-lovage-input';

/** `lang` of the message that the task came with first, where that was not ours: its sender is a Celery program. */
export const LANG = 'x-lovage-lang';

/** Deepest nesting of a header's value. */
const MAX_DEPTH = 64;

/** Written anew for every message that we send. */
const OWN: ReadonlySet<string> = new Set([
  ...['lang', 'task', 'id', 'shadow', 'eta', 'expires', 'group', 'group_index', 'retries', 'timelimit'],
  ...['root_id', 'parent_id', 'argsrepr', 'kwargsrepr', 'origin', 'ignore_result', 'compression'],
  ...[GENERATION, FORMER_GENERATION, ROW, NEW_TASK, FORMER_NEW_TASK, INPUT, LANG],
]);

/** Added by a broker on the way, or an order to it (CC would send a copy again). */
const BROKERS = /^(?:x-(?:first-|last-)?death(?:-.*)?|x-delivery-count|x-acquired-count|x-delivered-by|cc|bcc)$/i;

/** What a message states of its generation, under either name; undefined or null: nothing, as Python does. */
export function generationIn(headers: Readonly<Record<string, unknown>>): unknown {
  return headers[GENERATION] ?? headers[FORMER_GENERATION];
}

/** Headers without what a broker added, for a message that is published again as it is. */
export function forwardableHeaders(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const key of Object.keys(headers))
    if (key !== '__proto__' && !BROKERS.test(key) && headers[key] !== undefined) kept[key] = headers[key];
  return kept;
}

/**
 * The sender's own headers as plain JSON values, so that they can be kept with the task and sent again; undefined when
 * there are none.
 * @throws MalformedError when one cannot be kept.
 */
export function extraHeaders(headers: Readonly<Record<string, unknown>>): Record<string, unknown> | undefined {
  let extra: Record<string, unknown> | undefined;
  for (const key of Object.keys(headers)) {
    if (OWN.has(key) || BROKERS.test(key) || headers[key] === undefined) continue;
    if (key === '__proto__') throw new MalformedError('headers_invalid', 'a header is named __proto__');
    (extra ??= {})[key] = copied(headers[key], 0);
  }
  return extra;
}

function copied(value: unknown, depth: number): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value !== 'object') throw new MalformedError('headers_invalid', `a header holds a ${typeof value}`);
  if (depth >= MAX_DEPTH) throw new MalformedError('headers_invalid', `a header is nested deeper than ${MAX_DEPTH}`);
  // Python's `bytes`, nearly always a text.
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (Array.isArray(value)) return value.map((item) => copied(item, depth + 1));
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    if (key === '__proto__') throw new MalformedError('headers_invalid', 'a header holds the key __proto__');
    const item = (value as Record<string, unknown>)[key];
    if (item !== undefined) copy[key] = copied(item, depth + 1);
  }
  return copy;
}
