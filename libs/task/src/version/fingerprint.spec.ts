import fc from 'fast-check';
import { z } from 'zod';
import { bareSchema, fingerprintOf } from './fingerprint.ts';

const print = (schema: z.ZodType) => fingerprintOf(bareSchema(schema));
const base = z.strictObject({ x: z.number(), unit: z.enum(['kg', 'lb']).optional() });

describe('the fingerprint of an input schema', () => {
  it('is the same for schemas that take the same inputs', () => {
    const told = z
      .strictObject({
        unit: z
          .enum(['lb', 'kg'])
          .meta({ title: 'Unit', examples: ['kg'] })
          .optional(),
        x: z.number().describe('How much.'),
      })
      .meta({ description: 'A weight.', examples: [{ x: 1 }] });
    expect(print(told)).toBe(print(base));
    expect(print(base)).toMatch(/^[0-9a-f]{16}$/);
  });

  it('is known: it is compared between processes and releases', () => {
    expect(print(z.strictObject({ x: z.number(), y: z.number() }))).toBe('ae0fdcb7cea024ef');
  });

  it.each([
    ['a required field more', base.extend({ y: z.number() })],
    ['an optional field more', base.extend({ y: z.number().optional() })],
    ['a field less', z.strictObject({ x: z.number() })],
    ['another type', base.extend({ x: z.string() })],
    ['a bound', base.extend({ x: z.number().max(9) })],
    ['a value of an enum more', base.extend({ unit: z.enum(['kg', 'lb', 'oz']).optional() })],
    ['unknown fields allowed', z.looseObject(base.shape)],
    ['a field called like a keyword', base.extend({ description: z.string().optional() })],
  ])('differs by %s', (_, other) => {
    expect(print(other)).not.toBe(print(base));
  });

  it('minds a default only in that the field may be left out', () => {
    const by = (unit: string) => print(z.strictObject({ unit: z.string().default(unit) }));
    expect(by('kg')).toBe(by('lb'));
    expect(by('kg')).not.toBe(print(z.strictObject({ unit: z.string() })));
  });

  it('takes what JSON Schema cannot say, recursion, and names that are no keywords', () => {
    interface Tree {
      children: Tree[];
    }
    const tree: z.ZodType<Tree> = z.lazy(() => z.strictObject({ children: z.array(tree) }));
    expect(print(z.strictObject({ tree }))).toMatch(/^[0-9a-f]{16}$/);
    expect(print(z.strictObject({ when: z.date(), f: z.custom<() => void>(), big: z.bigint() }))).toMatch(
      /^[0-9a-f]+$/,
    );
    expect(bareSchema(z.strictObject({ title: z.string(), required: z.string() }))['properties']).toEqual({
      title: { type: 'string' },
      required: { type: 'string' },
    });
  });

  it('does not depend on the order of fields', () => {
    const fields = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fields, (names) => {
        const object = (order: readonly string[]) =>
          z.strictObject(Object.fromEntries(order.map((name) => [name, z.string()])));
        expect(print(object(names))).toBe(print(object([...names].reverse())));
      }),
    );
  });
});
