import { z } from 'zod';

export type OpenApiSchema = { [key: string]: unknown };

/**
 * JSON Schema 2020-12 (OpenAPI 3.1's dialect) of what is taken (`input`) or given (`output`). What JSON Schema cannot say
 * is left open. Definitions inside stand under `$defs`.
 */
export function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): OpenApiSchema {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, {
    io,
    target: 'draft-2020-12',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => tidy(jsonSchema as OpenApiSchema),
  });
  return json;
}

/** Leaves out what tells a reader nothing: the bounds of every safe integer, the pattern of a known format. */
function tidy(schema: OpenApiSchema): void {
  if (schema['maximum'] === Number.MAX_SAFE_INTEGER) delete schema['maximum'];
  if (schema['minimum'] === Number.MIN_SAFE_INTEGER) delete schema['minimum'];
  if (schema['format'] === 'date-time' || schema['format'] === 'uuid') delete schema['pattern'];
}

/**
 * Moves a schema into a document where `$defs` cannot stand: its definitions become named schemas beside it, and its
 * references follow. Returns all of them, the schema itself under `name`.
 */
export function hoist(name: string, schema: OpenApiSchema): Record<string, OpenApiSchema> {
  const { $defs = {}, ...own } = schema as { $defs?: Record<string, OpenApiSchema> };
  const nameOf = (definition: string): string => `${name}.${definition.replace(/[^A-Za-z0-9._-]/g, '_')}`;
  const follow = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(follow);
    if (node === null || typeof node !== 'object') return node;
    return Object.fromEntries(
      Object.entries(node).map(([key, value]) => [
        key,
        key === '$ref' && typeof value === 'string' ? newPlace(value) : follow(value),
      ]),
    );
  };
  const newPlace = (ref: string): string => {
    if (ref === '#') return componentRef(name);
    return ref.startsWith('#/$defs/') ? componentRef(nameOf(ref.slice('#/$defs/'.length))) : ref;
  };
  return {
    [name]: follow(own) as OpenApiSchema,
    ...Object.fromEntries(Object.entries($defs).map(([key, value]) => [nameOf(key), follow(value) as OpenApiSchema])),
  };
}

export const componentRef = (name: string): string => `#/components/schemas/${name}`;
