import { isBigNumber } from '../../api/json.ts';

/** A JSON Schema (2020-12), as a contract tells it. */
export type Schema = { readonly [key: string]: unknown };
export type JsonObject = { readonly [key: string]: unknown };

/** How a schema is asked for. */
export type FieldKind =
  'text' | 'number' | 'boolean' | 'null' | 'choice' | 'const' | 'list' | 'object' | 'union' | 'none';

const TYPE_KINDS: Readonly<Record<string, FieldKind>> = {
  string: 'text',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  null: 'null',
  array: 'list',
  object: 'object',
};

/** What any value is one of, in the order in which it is offered. */
const ANYTHING: readonly Schema[] = [
  { type: 'string', title: 'Text' },
  { type: 'number', title: 'Number' },
  { type: 'boolean', title: 'Yes or no' },
  { type: 'object', title: 'Object', additionalProperties: true },
  { type: 'array', title: 'List', items: true },
  { type: 'null', title: 'null' },
];

/** References that are followed for one schema: a circle of them says nothing. */
const MAX_REFS = 20;

export const isObject = (value: unknown): value is JsonObject =>
  value !== null && typeof value === 'object' && !Array.isArray(value) && !isBigNumber(value);

/** The schema itself: `true` is any value, and references into `root` are followed. */
export function resolve(schema: unknown, root: Schema): Schema {
  let current = isObject(schema) ? schema : {};
  for (let n = 0; n < MAX_REFS && typeof current['$ref'] === 'string'; n += 1) {
    const { $ref, ...beside } = current as { $ref: string };
    current = { ...target($ref, root), ...beside };
  }
  return asChoice(merged(current, root), root);
}

/** All parts of an `allOf` as one. */
function merged(schema: Schema, root: Schema): Schema {
  const { allOf, ...own } = schema;
  if (!Array.isArray(allOf)) return schema;
  const parts = [...(allOf as unknown[]).map((part) => resolve(part, root)), own as Schema];
  const lists = parts.map((part) => part['required']).filter((one) => Array.isArray(one)) as unknown[][];
  const properties = Object.assign({}, ...parts.map((part) => part['properties'])) as JsonObject;
  return {
    ...(Object.assign({}, ...parts) as Schema),
    ...(Object.keys(properties).length > 0 && { properties }),
    ...(lists.length > 0 && { required: lists.flat() }),
  };
}

/** A union of single values is a list to choose from. */
function asChoice(schema: Schema, root: Schema): Schema {
  const { anyOf, oneOf, ...own } = schema;
  const of = anyOf ?? oneOf;
  if (!Array.isArray(of) || of.length === 0) return schema;
  const branches = (of as unknown[]).map((one) =>
    isObject(one) && '$ref' in one ? target(String(one['$ref']), root) : one,
  );
  if (!branches.every((one) => isObject(one) && 'const' in one)) return schema;
  return { ...own, enum: branches.map((one) => (one as Schema)['const']) };
}

function target(ref: string, root: Schema): Schema {
  if (!ref.startsWith('#')) return {};
  let node: unknown = root;
  for (const part of ref.slice(1).split('/').filter(Boolean)) {
    const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    node = isObject(node) && Object.hasOwn(node, key) ? node[key] : undefined;
  }
  return isObject(node) ? node : {};
}

/** The schemas of which a value fits one; empty: this is no union. */
export function branchesOf(schema: Schema): readonly unknown[] {
  const of = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(of) && of.length > 0) return of as unknown[];
  const { type } = schema;
  if (Array.isArray(type)) return type.map((one: unknown) => ({ ...schema, type: one }));
  return kindOfPlain(schema) === undefined ? ANYTHING : [];
}

export function kindOf(schema: Schema): FieldKind {
  if ((schema['not'] as unknown) !== undefined && isObject(schema['not']) && Object.keys(schema['not']).length === 0)
    return 'none';
  if (schema['anyOf'] !== undefined || schema['oneOf'] !== undefined || Array.isArray(schema['type'])) return 'union';
  return kindOfPlain(schema) ?? 'union';
}

function kindOfPlain(schema: Schema): FieldKind | undefined {
  if ('const' in schema) return 'const';
  if (Array.isArray(schema['enum'])) return 'choice';
  if (typeof schema['type'] === 'string') return TYPE_KINDS[schema['type']];
  if (isObject(schema['properties'])) return 'object';
  return schema['prefixItems'] !== undefined || schema['items'] !== undefined ? 'list' : undefined;
}

export interface Property {
  readonly name: string;
  readonly schema: Schema;
  readonly required: boolean;
}

/** The named fields of an object, in the order of the schema. */
export function propertiesOf(schema: Schema, root: Schema): Property[] {
  const required = Array.isArray(schema['required']) ? (schema['required'] as unknown[]) : [];
  return Object.entries(isObject(schema['properties']) ? schema['properties'] : {}).map(([name, property]) => ({
    name,
    schema: resolve(property, root),
    required: required.includes(name),
  }));
}

/** What fields beside the named ones must be; undefined: there may be none. */
export function furtherOf(schema: Schema, root: Schema): Schema | undefined {
  const { additionalProperties: further } = schema;
  if (further === false) return undefined;
  if (further === undefined && isObject(schema['properties'])) return undefined;
  return resolve(further, root);
}

/** The schema of an item. */
export function itemOf(schema: Schema, index: number, root: Schema): Schema {
  const first = schema['prefixItems'];
  const place: unknown = Array.isArray(first) && index < first.length ? first[index] : schema['items'];
  return resolve(place, root);
}

const FORMATS: Readonly<Record<string, string>> = {
  'date-time': 'A time, such as 2026-11-21T09:30:00Z',
  date: 'A date, such as 2026-11-21',
  email: 'An e-mail address',
  uuid: 'A UUID',
  uri: 'A URL',
};

/** Words for a label, where a schema has no title: `maxBytes` becomes `Max bytes`. */
export function labelOf(schema: Schema, name: string): string {
  if (typeof schema['title'] === 'string') return schema['title'];
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replaceAll('_', ' ');
  const lower = words.replace(/\b[A-Z](?=[a-z])/g, (initial) => initial.toLowerCase());
  return lower === '' ? name : lower.charAt(0).toUpperCase() + lower.slice(1);
}

/** Help from the description, or from what the format says. */
export function helpOf(schema: Schema): string | undefined {
  if (typeof schema['description'] === 'string') return schema['description'];
  return typeof schema['format'] === 'string' ? FORMATS[schema['format']] : undefined;
}

/** What one branch of a union is called. */
export function branchName(schema: Schema, root: Schema): string {
  const one = resolve(schema, root);
  if (typeof one['title'] === 'string') return one['title'];
  if ('const' in one) return String(one['const']);
  const kind = kindOf(one);
  if (kind === 'object') {
    const fields = propertiesOf(one, root);
    const fixed = fields.find((field) => 'const' in field.schema);
    if (fixed) return `${fixed.name}: ${String(fixed.schema['const'])}`;
    const named = fields.filter(({ required }) => required).map(({ name }) => name);
    return named.length > 0 ? named.join(', ') : 'Object';
  }
  const names: Partial<Record<FieldKind, string>> = {
    text: 'Text',
    number: 'Number',
    boolean: 'Yes or no',
    null: 'null',
    choice: 'One of a list',
    list: 'List',
    union: 'One of several',
  };
  return names[kind] ?? 'Value';
}
