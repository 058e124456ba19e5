import type { JsonSchema } from './fingerprint.ts';

/** Deeper than this two schemas are only told apart. */
const MAX_DEPTH = 16;
/** Bounds of which the newer one must not be tighter: true, where larger is tighter. */
const BOUNDS: Readonly<Record<string, boolean>> = {
  ...{ minimum: true, exclusiveMinimum: true, minLength: true, minItems: true },
  ...{ maximum: false, exclusiveMaximum: false, maxLength: false, maxItems: false },
};

/**
 * Ways in which an input that fits the older schema may not fit the newer one, for people; empty where none is seen. Fields, types, lists of values and
 * bounds are compared; of what is put together of alternatives only whether it changed.
 */
export function breakingChanges(older: JsonSchema, newer: JsonSchema): string[] {
  return changesAt(older, newer, 'input', 0);
}

function changesAt(older: JsonSchema, newer: JsonSchema, path: string, depth: number): string[] {
  if (JSON.stringify(older) === JSON.stringify(newer) || Object.keys(newer).length === 0) return [];
  if (depth >= MAX_DEPTH) return [`${path}: has changed`];
  const [before, now] = [typesOf(older), typesOf(newer)];
  if (before === undefined || now === undefined) {
    const alike = ['anyOf', 'oneOf', 'allOf', '$ref'].every(
      (key) => JSON.stringify(older[key]) === JSON.stringify(newer[key]),
    );
    return alike && JSON.stringify(older) === JSON.stringify(newer) ? [] : [`${path}: has changed`];
  }
  const lost = before.filter((type) => !now.includes(type) && !(type === 'integer' && now.includes('number')));
  if (lost.length > 0) return [`${path}: was ${before.join(' or ')}, is ${now.join(' or ')}`];
  return [
    ...valueChanges(older, newer, path),
    ...fieldChanges(older, newer, path, depth),
    ...elementChanges(older, newer, path, depth),
  ];
}

function valueChanges(older: JsonSchema, newer: JsonSchema, path: string): string[] {
  const changes: string[] = [];
  const [had, has] = [valuesOf(older), valuesOf(newer)];
  if (has) {
    const gone = had?.filter((value) => !has.includes(value));
    if (!gone) changes.push(`${path}: only takes ${has.join(', ')} now`);
    else if (gone.length > 0) changes.push(`${path}: no longer takes ${gone.join(', ')}`);
  }
  for (const [key, largerIsTighter] of Object.entries(BOUNDS)) {
    const [was, is] = [older[key], newer[key]];
    if (typeof is !== 'number') continue;
    if (typeof was !== 'number' || (largerIsTighter ? is > was : is < was))
      changes.push(`${path}: ${key} is ${is} now`);
  }
  for (const key of ['pattern', 'format', 'multipleOf'])
    if (newer[key] !== undefined && newer[key] !== older[key])
      changes.push(`${path}: ${key} is ${String(newer[key])} now`);
  return changes;
}

function fieldChanges(older: JsonSchema, newer: JsonSchema, path: string, depth: number): string[] {
  const [had, has] = [fieldsOf(older), fieldsOf(newer)];
  const [needed, needs] = [listOf(older['required']), listOf(newer['required'])];
  const strict = newer['additionalProperties'] === false;
  const changes = needs
    .filter((name) => !needed.includes(name))
    .map((name) => `${path}.${name}: ${Object.hasOwn(had, name) ? 'is required now' : 'is new and required'}`);
  for (const name of Object.keys(had)) {
    const now = Object.hasOwn(has, name) ? has[name]! : undefined;
    if (now) changes.push(...changesAt(had[name]!, now, `${path}.${name}`, depth + 1));
    else if (strict) changes.push(`${path}.${name}: is no longer taken`);
  }
  if (strict && older['type'] === 'object' && older['additionalProperties'] !== false)
    changes.push(`${path}: unknown fields are refused now`);
  return changes;
}

function elementChanges(older: JsonSchema, newer: JsonSchema, path: string, depth: number): string[] {
  const [was, is] = [older['items'], newer['items']];
  if (!isSchema(is) || !isSchema(was)) return [];
  return changesAt(was, is, `${path}.*`, depth + 1);
}

function typesOf({ type, ...rest }: JsonSchema): string[] | undefined {
  if (typeof type === 'string') return [type];
  if (Array.isArray(type)) return type as string[];
  const values = rest['const'] === undefined ? rest['enum'] : [rest['const']];
  return Array.isArray(values)
    ? [...new Set(values.map((value) => (value === null ? 'null' : typeof value)))]
    : undefined;
}

function valuesOf(schema: JsonSchema): string[] | undefined {
  const values = schema['const'] === undefined ? schema['enum'] : [schema['const']];
  return Array.isArray(values) ? values.map((value) => JSON.stringify(value)) : undefined;
}

function fieldsOf(schema: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return (schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
}

const listOf = (value: unknown): readonly string[] => (Array.isArray(value) ? (value as string[]) : []);
const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
