import { z } from 'zod';

/** A JSON Schema (2020-12) as plain data. */
export type JsonSchema = { readonly [key: string]: unknown };

/** Keywords that tell people something and decide nothing about what fits. */
const NOTES: ReadonlySet<string> = new Set([
  ...['$schema', '$comment', '$id', 'id', 'title', 'description', 'examples', 'default'],
  ...['deprecated', 'readOnly', 'writeOnly'],
]);

/** Keywords under which names of fields stand, not keywords. */
const NAMED: ReadonlySet<string> = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
]);

/** Keywords whose list is a set. */
const SETS: ReadonlySet<string> = new Set(['required', 'enum', 'type']);

/** Keywords of JSON Schema whose value is data, not a schema. */
const DATA: ReadonlySet<string> = new Set(['const', 'enum']);

/**
 * What of a schema decides which inputs fit, as JSON Schema without descriptions, examples, titles and defaults. What JSON Schema
 * cannot say (refinements, transforms, a catch-all of code) is left open: two schemas that differ in nothing else are alike here.
 */
export function bareSchema(schema: z.ZodType): JsonSchema {
  const json = z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12', unrepresentable: 'any' });
  return bare(json) as JsonSchema;
}

/** 16 hex digits: the same in every process and release for schemas that take the same inputs. */
export function fingerprintOf(schema: JsonSchema): string {
  return hash64(JSON.stringify(schema));
}

/** Keys sorted, sets sorted, notes left out. */
function bare(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(bare);
  if (typeof node !== 'object' || node === null) return node;
  const given = node as Record<string, unknown>;
  const kept: Record<string, unknown> = {};
  for (const key of Object.keys(given).sort()) {
    if (NOTES.has(key)) continue;
    const value = given[key];
    if (SETS.has(key) && Array.isArray(value)) put(kept, key, sortedSet(value));
    else if (DATA.has(key)) put(kept, key, value);
    else if (NAMED.has(key) && typeof value === 'object' && value !== null) put(kept, key, bareNamed(value));
    else put(kept, key, bare(value));
  }
  return kept;
}

function bareNamed(schemas: object): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const name of Object.keys(schemas).sort()) put(kept, name, bare((schemas as Record<string, unknown>)[name]));
  return kept;
}

/** A field may be named `__proto__`. */
function put(target: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

function sortedSet(values: readonly unknown[]): unknown[] {
  return values
    .map((value) => [JSON.stringify(value), value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, value]) => value);
}

/**
 * FNV-1a in two halves of 32 bits over UTF-16 units. Nobody gains by a collision, so a fast hash that runs in a browser will do;
 * 64 bits are far more than the number of schemas that a contract ever has.
 */
function hash64(text: string): string {
  let a = 0x811c9dc5;
  let b = 0xc9dc5118;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x01000193) ^ (a >>> 15);
  }
  return [a, b].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}
