import type { KnownField } from './complete.ts';

const MAX_DEPTH = 4;
const MAX_FIELDS = 200;
const MAX_NODES = 2_000;

type Schema = Readonly<Record<string, unknown>>;

/** The fields that an input has by its JSON Schema and that a filter can ask for: texts, numbers and booleans, by path. */
export function fieldsOfSchema(schema: unknown): KnownField[] {
  const found = new Map<string, KnownField>();
  walk(schema, [], { found, root: isObject(schema) ? schema : {}, left: MAX_NODES });
  return [...found.values()];
}

interface Walk {
  readonly found: Map<string, KnownField>;
  readonly root: Schema;
  /** Nodes that may still be looked at: a schema may lead to itself. */
  left: number;
}

function walk(node: unknown, path: readonly string[], state: Walk): void {
  const { found, root } = state;
  const schema = resolve(node, root);
  state.left -= 1;
  if (!schema || state.left < 0 || found.size >= MAX_FIELDS) return;
  for (const branch of ['anyOf', 'oneOf', 'allOf'] as const)
    for (const one of listOf(schema[branch])) walk(one, path, state);
  const { properties } = schema;
  if (isObject(properties) && path.length < MAX_DEPTH) {
    for (const [name, child] of Object.entries(properties))
      if (name !== '' && !/[.=\p{Cc}]/u.test(name)) walk(child, [...path, name], state);
    return;
  }
  const type = typeOf(schema);
  const key = path.join('.');
  if (path.length === 0 || type === undefined || found.has(key) || found.size >= MAX_FIELDS) return;
  const values = listOf(schema['enum'] ?? (schema['const'] === undefined ? [] : [schema['const']])).map(String);
  found.set(key, { path, type, ...(values.length > 0 && { values }) });
}

/** What a `$ref` inside the document names; not further than one step, so that no circle goes round. */
function resolve(node: unknown, root: Schema): Schema | undefined {
  if (!isObject(node)) return undefined;
  const ref = node['$ref'];
  if (typeof ref !== 'string' || !ref.startsWith('#/')) return node;
  let at: unknown = root;
  for (const part of ref.slice(2).split('/')) at = isObject(at) && Object.hasOwn(at, part) ? at[part] : undefined;
  return isObject(at) ? at : undefined;
}

function typeOf(schema: Schema): string | undefined {
  const { type } = schema;
  if (type === 'string' || type === 'number' || type === 'integer' || type === 'boolean') return type;
  return schema['enum'] !== undefined || schema['const'] !== undefined ? 'string' : undefined;
}

const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
