import fc from 'fast-check';
import { canonical, fingerprintOf } from './keys.ts';

/** The same value with the keys of every object in another order. */
function shuffled(value: unknown, flip: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, flip));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, member]) => [key, shuffled(member, flip)] as const);
  return Object.fromEntries(flip ? entries.reverse() : entries);
}

describe('fingerprint', () => {
  test('the order of keys does not matter', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(fingerprintOf(shuffled(value, true))).toBe(fingerprintOf(value));
      }),
    );
  });

  test('different values differ', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const same = canonical(a) === canonical(b);
        expect(fingerprintOf(a) === fingerprintOf(b)).toBe(same);
        if (same) expect(JSON.parse(JSON.stringify(a))).toEqual(JSON.parse(JSON.stringify(b)));
      }),
    );
  });

  test.each([
    [{ x: 1 }, { x: '1' }],
    [{ x: 1 }, { x: 1, y: null }],
    [
      [1, 2],
      [2, 1],
    ],
    [{ a: { b: 1 } }, { 'a.b': 1 }],
    [JSON.parse('{"__proto__":1}') as object, {}],
  ])('%j is not %j', (a, b) => {
    expect(fingerprintOf(a)).not.toBe(fingerprintOf(b));
  });

  test('undefined members are as absent', () => {
    expect(fingerprintOf({ x: 1, y: undefined })).toBe(fingerprintOf({ x: 1 }));
  });
});
