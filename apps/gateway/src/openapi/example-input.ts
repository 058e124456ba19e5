import type { AnyContract } from '@lovage/task';
import { type OpenApiSchema, jsonSchemaOf } from './json-schema.ts';

/** One value of each simple type, for a field that gives no example of its own. */
const BY_TYPE: Readonly<Record<string, unknown>> = {
  string: 'text',
  number: 1,
  integer: 1,
  boolean: true,
  array: [],
  object: {},
  null: null,
};

/**
 * An input to try a contract with: its own example, else one made of the examples of its required fields. Undefined when
 * what comes out would be refused.
 */
export function exampleInput(contract: AnyContract): unknown {
  const schema = jsonSchemaOf(contract.input, 'input');
  const example = firstExample(schema) ?? exampleOfFields(schema);
  return contract.input.safeParse(example).success ? example : undefined;
}

function exampleOfFields(schema: OpenApiSchema): Record<string, unknown> {
  const fields = (schema['properties'] ?? {}) as Record<string, OpenApiSchema>;
  const required = new Set((schema['required'] ?? []) as string[]);
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([name, field]) => required.has(name) || firstExample(field) !== undefined)
      .map(([name, field]) => [name, exampleOf(field)]),
  );
}

function exampleOf(field: OpenApiSchema): unknown {
  const given = firstExample(field) ?? field['default'] ?? field['const'] ?? (field['enum'] as unknown[])?.[0];
  return given ?? field['minimum'] ?? BY_TYPE[String([field['type']].flat()[0])] ?? 'text';
}

const firstExample = (schema: OpenApiSchema): unknown => (schema['examples'] as unknown[] | undefined)?.[0];
