import fc from 'fast-check';
import { median, percentiles } from './statistics.ts';

describe('the median', () => {
  test.each([
    [[3], 3],
    [[3, 1, 2], 2],
    [[4, 1, 2, 3], 2.5],
    [[10, 9, 100], 10],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  test('of nothing there is none', () => {
    expect(() => median([])).toThrow(RangeError);
  });
});

describe('percentiles', () => {
  test('are by nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect(percentiles(hundred)).toEqual({ p50: 50, p95: 95, p99: 99, max: 100 });
    expect(percentiles([7])).toEqual({ p50: 7, p95: 7, p99: 7, max: 7 });
  });

  test('are values that were measured, in order, whatever the order they came in', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true }), { minLength: 1 }), (values) => {
        const { p50, p95, p99, max } = percentiles(values);
        for (const value of [p50, p95, p99, max]) expect(values).toContain(value);
        expect([p50, p95, p99, max].toSorted((a, b) => a - b)).toEqual([p50, p95, p99, max]);
        expect(values.filter((value) => value <= p95).length).toBeGreaterThanOrEqual(values.length * 0.95);
      }),
    );
  });

  test('of nothing there are none', () => {
    expect(() => percentiles([])).toThrow(RangeError);
  });
});
