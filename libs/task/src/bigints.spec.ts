import fc from 'fast-check';
import { z } from 'zod';
import { bigintsFromJson, bigintsToJson } from './bigints.ts';

const schema = z.strictObject({
  id: z.bigint(),
  maybe: z.bigint().nullable().optional(),
  list: z.array(z.object({ n: z.bigint() })).default([]),
  by: z.record(z.string(), z.bigint()).optional(),
  pair: z.tuple([z.string(), z.bigint()]).optional(),
  coerced: z.coerce.bigint().optional(),
  either: z.union([z.bigint(), z.object({ id: z.bigint() })]).optional(),
  text: z.string().optional(),
  number: z.number().optional(),
});

test('what a schema wants as a bigint comes through JSON as it was', () => {
  const n = fc.bigInt();
  const input = fc.record({
    id: n,
    list: fc.array(fc.record({ n })),
    by: fc.dictionary(fc.string(), n),
    pair: fc.tuple(fc.string(), n),
    coerced: n,
    either: fc.oneof(n, fc.record({ id: n })),
    text: fc.string(),
  });
  fc.assert(
    fc.property(input, (value) => {
      const there: unknown = JSON.parse(JSON.stringify(bigintsToJson(schema, value)));
      const back = schema.parse(bigintsFromJson(schema, there));
      // A key __proto__ is none to zod.
      expect(back.id).toBe(value.id);
      expect(back).toMatchObject({ list: value.list, pair: value.pair, coerced: value.coerced, either: value.either });
    }),
  );
});

test('a field __proto__ is a field like any other', () => {
  const by = JSON.parse('{"__proto__":5}') as object;
  const read = bigintsFromJson(schema, { id: 1, by }) as { by: object };
  expect(Object.entries(read.by)).toEqual([['__proto__', 5n]]);
  expect(JSON.stringify(bigintsToJson(schema, read))).toBe('{"id":"1","by":{"__proto__":"5"}}');
});

test('small numbers do for a bigint, and nothing else is touched', () => {
  expect(bigintsFromJson(schema, { id: 5, text: '5', number: 5 })).toEqual({ id: 5n, text: '5', number: 5 });
  expect(bigintsFromJson(schema, { id: 1.5, maybe: 'x' })).toEqual({ id: 1.5, maybe: 'x' });
  expect(bigintsFromJson(z.object({ a: z.union([z.string(), z.bigint()]) }), { a: '5' })).toEqual({ a: '5' });
  const plain = z.object({ a: z.number() });
  const value = { a: 1 };
  expect(bigintsFromJson(plain, value)).toBe(value);
});

test('a schema that refers to itself has an end', () => {
  interface Tree {
    id: bigint;
    next?: Tree | undefined;
  }
  const tree: z.ZodType<Tree> = z.lazy(() => z.object({ id: z.bigint(), next: tree.optional() }));
  expect(bigintsFromJson(tree, { id: 1, next: { id: 2 } })).toEqual({ id: 1n, next: { id: 2n } });
});
