import fc from 'fast-check';
import { rangeOf } from './byte-range.ts';

test.each([
  [undefined, undefined],
  ['bytes=0-0', { first: 0, last: 0 }],
  ['bytes=5-', { first: 5, last: 9 }],
  ['bytes=5-100', { first: 5, last: 9 }],
  ['bytes=-3', { first: 7, last: 9 }],
  ['bytes=-100', { first: 0, last: 9 }],
  ['bytes=10-', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=5-4', undefined],
  ['bytes=-', undefined],
  ['bytes=0-1,3-4', undefined],
  ['lines=0-1', undefined],
  ['bytes=a-b', undefined],
])('of ten bytes, %s: %j', (header, range) => {
  expect(rangeOf(header, 10)).toEqual(range);
});

test('an empty file has no ranges', () => {
  expect(rangeOf('bytes=0-', 0)).toBe('unsatisfiable');
  expect(rangeOf('bytes=-5', 0)).toBe('unsatisfiable');
});

test('whatever is asked for, a range lies within the file', () => {
  const part = fc.oneof(fc.constant(''), fc.nat(40).map(String), fc.string());
  fc.assert(
    fc.property(part, part, fc.nat(20), (first, last, bytes) => {
      const range = rangeOf(`bytes=${first}-${last}`, bytes);
      if (typeof range !== 'object') return;
      expect(range.first).toBeGreaterThanOrEqual(0);
      expect(range.last).toBeGreaterThanOrEqual(range.first);
      expect(range.last).toBeLessThan(bytes);
    }),
  );
});
