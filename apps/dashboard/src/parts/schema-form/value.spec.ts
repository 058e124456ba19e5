import { allContracts } from '@lovage/contracts';
import fc from 'fast-check';
import { z } from 'zod';
import { formatJson, parseJson } from '../../api/json.ts';
import { branchesOf, furtherOf, isObject, itemOf, kindOf, propertiesOf, resolve, type Schema } from './schema.ts';
import { branchOf, exampleOf, newItem, numberOf, same, shows, startOf, textOf, withField } from './value.ts';

const jsonSchema = (schema: z.ZodType): Schema => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });

/** What a user has who types `target` into the form, field by field, from what the form begins with. */
function typed(schema: Schema, root: Schema, start: unknown, target: unknown): unknown {
  switch (kindOf(schema)) {
    case 'text':
      return String(target);
    case 'number':
      return numberOf(textOf(target));
    case 'choice':
      return (schema['enum'] as unknown[]).find((one) => same(one, target));
    case 'boolean':
    case 'null':
    case 'const':
      return target;
    case 'list':
      return (target as unknown[]).map((one, n) => {
        const item = itemOf(schema, n, root);
        const before = (start as unknown[])[n] ?? newItem(item, root);
        return typed(item, root, before, one);
      });
    case 'object': {
      let object = isObject(start) ? start : {};
      const wanted = target as Record<string, unknown>;
      for (const { name, schema: field } of propertiesOf(schema, root)) {
        if (!Object.hasOwn(wanted, name)) object = withField(object, name, undefined);
        else object = withField(object, name, typed(field, root, object[name] ?? newItem(field, root), wanted[name]));
      }
      const further = furtherOf(schema, root);
      const named = new Set(propertiesOf(schema, root).map(({ name }) => name));
      for (const name of Object.keys(wanted).filter((one) => !named.has(one)))
        object = withField(object, name, typed(further ?? {}, root, newItem(further ?? {}, root), wanted[name]));
      return object;
    }
    default: {
      const branch = resolve(branchesOf(schema)[branchOf(schema, target, root)], root);
      return typed(branch, root, newItem(branch, root), target);
    }
  }
}

/** Parts that no field of the form could show. */
function hidden(schema: Schema, root: Schema, value: unknown, path = ''): string[] {
  if (!shows(schema, value)) return [path];
  switch (kindOf(schema)) {
    case 'list':
      return (value as unknown[]).flatMap((one, n) => hidden(itemOf(schema, n, root), root, one, `${path}.${n}`));
    case 'object':
      return propertiesOf(schema, root).flatMap(({ name, schema: field }) =>
        Object.hasOwn(value as object, name)
          ? hidden(field, root, (value as Record<string, unknown>)[name], `${path}.${name}`)
          : [],
      );
    case 'union': {
      const branch = branchesOf(schema)[branchOf(schema, value, root)];
      return hidden(resolve(branch, root), root, value, path);
    }
    default:
      return [];
  }
}

/** Values of a schema; texts with rules are those of its examples. */
function valuesOf(schema: Schema, root: Schema): fc.Arbitrary<unknown> {
  const examples = schema['examples'] as unknown[] | undefined;
  const bound = (name: string, other: number): number => (schema[name] as number | undefined) ?? other;
  switch (kindOf(schema)) {
    case 'text':
      return examples ? fc.constantFrom(...examples) : fc.string({ minLength: bound('minLength', 0), maxLength: 40 });
    case 'number':
      return schema['type'] === 'integer'
        ? fc.integer({ min: bound('minimum', -1e9), max: bound('maximum', 1e9) })
        : fc.double({ min: bound('minimum', -1e6), max: bound('maximum', 1e6), noNaN: true }).map((one) => one + 0);
    case 'choice':
      return fc.constantFrom(...(schema['enum'] as unknown[]));
    case 'const':
      return fc.constant(schema['const']);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'list':
      if (schema['prefixItems'])
        return fc.tuple(...(schema['prefixItems'] as Schema[]).map((one) => valuesOf(resolve(one, root), root)));
      if (examples && kindOf(itemOf(schema, 0, root)) === 'text') return fc.constantFrom(...examples);
      return fc.array(valuesOf(itemOf(schema, 0, root), root), { minLength: bound('minItems', 0), maxLength: 4 });
    case 'object': {
      const fields = propertiesOf(schema, root);
      const further = furtherOf(schema, root);
      if (fields.length === 0 && examples) return fc.constantFrom(...examples);
      if (fields.length === 0 && further)
        return fc.dictionary(fc.string(), valuesOf(further, root), { maxKeys: 4 }).map((one) => ({ ...one }));
      return fc.record(Object.fromEntries(fields.map((one) => [one.name, valuesOf(one.schema, root)])), {
        requiredKeys: fields.filter((one) => one.required).map((one) => one.name),
      });
    }
    default: {
      const branches = branchesOf(schema).map((one) => resolve(one, root));
      if (!['anyOf', 'oneOf', 'type'].some((one) => one in schema)) return fc.jsonValue({ maxDepth: 3 });
      return fc.oneof(...branches.map((one) => valuesOf(one, root)));
    }
  }
}

const sides = z.strictObject({ width: z.int().min(1), label: z.string().nullable() });
const hard = z.strictObject({
  size: z.union([z.enum(['small', 'large']), sides, z.array(z.number())]),
  shape: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('circle'), r: z.number() }),
    z.strictObject({ kind: z.literal('box'), sides: z.array(sides).min(1) }),
  ]),
  side: z.union([z.literal('left'), z.literal('right')]).optional(),
  at: z.tuple([z.number(), z.string()]),
  flags: z.record(z.string(), z.union([z.boolean(), z.null()])),
  more: z.unknown().optional(),
  note: z.string().default('none'),
});

test.each([
  ...allContracts.map(({ name, input }) => [name, input as z.ZodType] as const),
  ['a hard one', hard] as const,
])('what the form makes of %s is what was meant, passes its contract and can be shown again', (_, input) => {
  const schema = jsonSchema(input);
  const root = resolve(schema, schema);
  const example = exampleOf(root, schema);
  if (example !== undefined) expect(input.safeParse(example).success).toBe(true);
  fc.assert(
    fc.property(valuesOf(root, schema), (target) => {
      fc.pre(input.safeParse(target).success);
      const made = typed(root, schema, startOf(root, schema), target);
      const sent = JSON.parse(formatJson(made)) as unknown;
      expect(sent).toEqual(JSON.parse(JSON.stringify(target)));
      expect(input.safeParse(sent).success).toBe(true);
      expect(hidden(root, schema, parseJson(formatJson(made)))).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test('numbers keep each digit that was typed, and what is no number stays as it was typed', () => {
  for (const text of ['9007199254740993', '1.50', '-0', '1e400'])
    expect(formatJson({ n: numberOf(text) })).toBe(`{"n":${text}}`);
  for (const text of ['', '-', '1.', '0x1', '1 2', 'NaN', '01']) expect(numberOf(text)).toBe(text);
  expect(textOf(numberOf('1.50'))).toBe('1.50');
});

test('fields named like parts of JavaScript are fields', () => {
  const object = withField({}, '__proto__', 'x');
  expect(Object.keys(object)).toEqual(['__proto__']);
  expect(formatJson(object)).toBe('{"__proto__":"x"}');
  expect(Object.keys(withField(object, '__proto__', undefined))).toEqual([]);
});

test('a schema that holds itself begins and is shown', () => {
  const schema: Schema = {
    $ref: '#/$defs/node',
    $defs: {
      node: {
        type: 'object',
        properties: { name: { type: 'string' }, next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } },
        required: ['name', 'next'],
      },
    },
  };
  const root = resolve(schema, schema);
  expect(formatJson(startOf(root, schema)).length).toBeLessThan(1_000);
  expect(hidden(root, schema, { name: 'a', next: { name: 'b', next: null } })).toEqual([]);
  // A circle of references says nothing, and ends.
  expect(resolve({ $ref: '#/$defs/a' }, { $defs: { a: { $ref: '#/$defs/a' } } })).toBeDefined();
});
