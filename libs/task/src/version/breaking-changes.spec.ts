import { z } from 'zod';
import { breakingChanges } from './breaking-changes.ts';
import { bareSchema } from './fingerprint.ts';

const base = z.strictObject({
  x: z.number(),
  unit: z.enum(['kg', 'lb']).optional(),
  list: z.array(z.string()).default([]),
});
const changes = (newer: z.ZodObject, older: z.ZodObject = base) =>
  breakingChanges(bareSchema(older), bareSchema(newer));

test.each<[string, z.ZodObject, string[]]>([
  ['a new required field', base.extend({ y: z.string() }), ['input.y: is new and required']],
  ['a field that is required now', base.extend({ unit: z.enum(['kg', 'lb']) }), ['input.unit: is required now']],
  ['a field less', base.omit({ unit: true }), ['input.unit: is no longer taken']],
  ['another type', base.extend({ x: z.string() }), ['input.x: was number, is string']],
  ['a value less', base.extend({ unit: z.enum(['kg']).optional() }), ['input.unit: no longer takes "lb"']],
  ['a tighter bound', base.extend({ x: z.number().max(9) }), ['input.x: maximum is 9 now']],
  [
    'elements of another type',
    base.extend({ list: z.array(z.number()) }),
    ['input.list: is required now', 'input.list.*: was string, is number'],
  ],
])('%s', (_, newer, expected) => expect(changes(newer)).toEqual(expected));

test.each<[string, z.ZodObject]>([
  ['the same', base],
  ['an optional field more', base.extend({ y: z.string().optional() })],
  ['a value more', base.extend({ unit: z.enum(['kg', 'lb', 'oz']).optional() })],
  ['anything', base.extend({ x: z.unknown() })],
  ['a field less where unknown ones are let through', z.looseObject({ x: z.number() })],
])('%s breaks nothing', (_, newer) => expect(changes(newer)).toEqual([]));

test('a whole number is a number, and unions are only told to have changed', () => {
  const int = z.strictObject({ x: z.int() });
  expect(changes(z.strictObject({ x: z.number() }), int)).toEqual([]);
  const union = z.strictObject({ x: z.union([z.string(), z.strictObject({ a: z.number() })]) });
  const other = z.strictObject({ x: z.union([z.string(), z.strictObject({ b: z.number() })]) });
  expect(changes(other, union)).toEqual(['input.x: has changed']);
});
