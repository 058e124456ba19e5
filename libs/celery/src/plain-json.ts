import { InexactNumber } from '@lovage/foundation';
import { MalformedError } from './reject-codes.ts';

/** Deepest nesting of a body. Inputs may be 64 deep; canvas signatures nest around four levels for each step into another. */
const MAX_DEPTH = 128;

export interface PlainOptions {
  /** Make the envelopes `{ __type__, __value__ }` of kombu ≥ 5.3 plain texts. */
  readonly typed: boolean;
  /** Keys that would change a prototype when copied carelessly: refuse the whole, or leave them out. */
  readonly forbidden: 'refuse' | 'drop';
}

/**
 * Makes a parsed value safe to handle and plain, in place, and returns it: refuses what is too deep to walk and numbers
 * that JSON cannot write again.
 * @throws MalformedError
 */
export function plain(value: unknown, options: PlainOptions, depth = 0): unknown {
  if (typeof value === 'number') {
    if (!Number.isFinite(value))
      throw new MalformedError('body_number_not_finite', 'a number is too large for a double');
    return value;
  }
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof InexactNumber)
    throw new MalformedError('body_number_not_finite', `${value.text} is beyond what a double holds`);
  if (depth >= MAX_DEPTH) throw new MalformedError('body_too_deep', `nested deeper than ${MAX_DEPTH}`);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i += 1) {
      const item: unknown = value[i];
      if (typeof item !== 'string') value[i] = plain(item, options, depth + 1);
    }
    return value;
  }
  return plainObject(value as Record<string, unknown>, options, depth);
}

function plainObject(object: Record<string, unknown>, options: PlainOptions, depth: number): unknown {
  let keys = 0;
  for (const key in object) {
    const item = object[key];
    if (key === '__proto__' || (key === 'constructor' && hasPrototype(item))) {
      if (options.forbidden === 'refuse')
        throw new MalformedError('body_key_forbidden', `the key ${JSON.stringify(key)} is not allowed`);
      delete object[key];
      continue;
    }
    keys += 1;
    if (typeof item !== 'string') object[key] = plain(item, options, depth + 1);
  }
  if (options.typed && keys === 2 && '__type__' in object && '__value__' in object)
    return unwrap(object['__type__'], object['__value__']);
  return object;
}

function hasPrototype(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype');
}

const TEXT_TYPES: ReadonlySet<unknown> = new Set(['decimal', 'datetime', 'date', 'time', 'bytes', 'base64']);

/** The value of an envelope as plain JSON. Bytes that are no text stay base64. */
function unwrap(type: unknown, value: unknown): string {
  if (TEXT_TYPES.has(type)) {
    if (typeof value === 'string') return value;
  } else if (type === 'uuid') {
    const hex = typeof value === 'object' && value !== null ? (value as { hex?: unknown }).hex : undefined;
    if (typeof hex === 'string' && /^[0-9a-f]{32}$/i.test(hex))
      return hex.toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  } else
    throw new MalformedError('typed_value_unknown', `__type__ ${JSON.stringify(type)?.slice(0, 100)} is not known`);
  throw new MalformedError('typed_value_invalid', `__value__ does not fit __type__ ${JSON.stringify(type)}`);
}
