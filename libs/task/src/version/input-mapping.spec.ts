import fc from 'fast-check';
import { mapInput, MappingError, pathProblem, type MappingRule } from './input-mapping.ts';

const order = { buyer: 'ann', amount: 1, items: [{ sku: 'a', n: 1 }, { sku: 'b' }], address: { town: 'Ulm' } };

describe('a mapping of inputs', () => {
  it.each<[MappingRule, Record<string, unknown>]>([
    [
      { op: 'set', path: 'currency', value: 'EUR' },
      { ...order, currency: 'EUR' },
    ],
    [
      { op: 'set', path: 'buyer', value: null },
      { ...order, buyer: null },
    ],
    [
      { op: 'set', path: 'a.b.c', value: 1 },
      { ...order, a: { b: { c: 1 } } },
    ],
    [
      { op: 'set', path: 'items.0.sku', value: 'z' },
      { ...order, items: [{ sku: 'z', n: 1 }, { sku: 'b' }] },
    ],
    [
      { op: 'set', path: 'items.*.unit', value: 'kg' },
      {
        ...order,
        items: [
          { sku: 'a', n: 1, unit: 'kg' },
          { sku: 'b', unit: 'kg' },
        ],
      },
    ],
    [
      { op: 'default', path: 'items.*.n', value: 7 },
      {
        ...order,
        items: [
          { sku: 'a', n: 1 },
          { sku: 'b', n: 7 },
        ],
      },
    ],
    [{ op: 'default', path: 'buyer', value: 'ben' }, order],
    [
      { op: 'remove', path: 'address.town' },
      { ...order, address: {} },
    ],
    [{ op: 'remove', path: 'no.such' }, order],
    [
      { op: 'remove', path: 'items.0' },
      { ...order, items: [{ sku: 'b' }] },
    ],
    [
      { op: 'rename', path: 'buyer', to: 'customer.name' },
      { amount: 1, items: order.items, address: order.address, customer: { name: 'ann' } },
    ],
    [
      { op: 'rename', path: 'items.*.n', to: 'items.*.count' },
      { ...order, items: [{ sku: 'a', count: 1 }, { sku: 'b' }] },
    ],
    [{ op: 'rename', path: 'no', to: 'such' }, order],
    [
      { op: 'copy', path: 'buyer', to: 'payer' },
      { ...order, payer: 'ann' },
    ],
    [
      { op: 'copy', path: 'address', to: 'address.old' },
      { ...order, address: { town: 'Ulm', old: { town: 'Ulm' } } },
    ],
  ])('%j', (rule, expected) => {
    const given = structuredClone(order);
    expect(mapInput(given, [rule])).toEqual(expected);
    expect(given).toEqual(order);
  });

  it('applies its rules in their order', () => {
    const rules: MappingRule[] = [
      { op: 'rename', path: 'amount', to: 'cents' },
      { op: 'default', path: 'amount', value: 5 },
      { op: 'remove', path: 'items' },
      { op: 'remove', path: 'address' },
    ];
    expect(mapInput(order, rules)).toEqual({ buyer: 'ann', cents: 1, amount: 5 });
  });

  it.each<[MappingRule, RegExp]>([
    [
      { op: 'set', path: 'buyer.name', value: 1 },
      /^rule 1 of the mapping, buyer\.name: buyer is there, and has no fields/,
    ],
    [{ op: 'set', path: 'items.9.sku', value: 1 }, /the list has no element 9/],
    [{ op: 'set', path: 'items.x', value: 1 }, /the list has no element x/],
    [{ op: 'rename', path: 'items.*.n', to: 'counts' }, /a \* stands in both paths/],
  ])('%j cannot be applied', (rule, message) => {
    expect(() => mapInput(order, [rule])).toThrow(MappingError);
    expect(() => mapInput(order, [rule])).toThrow(message);
  });

  it.each(['', '.', 'a..b', 'a.', '__proto__.x', 'a.constructor', 'a.*', '*', 'x'.repeat(201), 'a.'.repeat(40) + 'b'])(
    '%j is no path',
    (path) => expect(pathProblem(path)).toBeDefined(),
  );

  it('ends where it would grow without bounds', () => {
    const twice: MappingRule[] = Array.from({ length: 100 }, () => ({ op: 'copy', path: 'a', to: 'a.a' }));
    const many = { list: Array.from({ length: 1000 }, () => ({})) };
    const large: MappingRule = { op: 'set', path: 'list.*.x', value: 'x'.repeat(100_000) };
    expect(() =>
      mapInput(
        { a: { b: 1 } },
        twice.map((rule, i) => ({ ...rule, to: `a.a${i}` }) as MappingRule),
      ),
    ).toThrow(/writes more than/);
    expect(() => mapInput(many, [large])).toThrow(/writes more than/);
  });

  it('never reaches a prototype, whatever the input', () => {
    const path = fc.constantFrom('a', 'b', 'a.b', 'toString', 'a.0', 'a.*.b', 'length');
    const rule = fc.oneof(
      fc.record({ op: fc.constantFrom('set', 'default'), path, value: fc.jsonValue() }),
      fc.record({ op: fc.constant('remove'), path }),
      fc.record({ op: fc.constantFrom('rename', 'copy'), path, to: path }),
    ) as fc.Arbitrary<MappingRule>;
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('a', 'b'), fc.jsonValue()),
        fc.array(rule, { maxLength: 6 }),
        (input, rules) => {
          try {
            JSON.stringify(mapInput(input, rules));
          } catch (error) {
            expect(error).toBeInstanceOf(MappingError);
          }
          expect(({} as Record<string, unknown>)['b']).toBeUndefined();
          expect(Object.prototype.toString.call([])).toBe('[object Array]');
        },
      ),
    );
  });
});
