import fc from 'fast-check';
import { rateIntervalMs, rateText } from './limit-options.ts';

test.each([
  ['10/s', 100],
  ['100/m', 600],
  ['1000/h', 3600],
  ['0.5/h', 7_200_000],
])('%s: one each %d ms', (rate, ms) => {
  expect(rateIntervalMs(rate)).toBe(ms);
  expect(rateText(ms)).toBe(rate);
});

test.each(['5/x', '0/s', '-1/s', '1e9/s', '1000000000/s', '5', '/s', '', ' 5/s', '0.01/h'])('%s is refused', (rate) => {
  expect(() => rateIntervalMs(rate)).toThrow(RangeError);
});

test('what a rate is called is read as the same rate', () => {
  const rates = fc.tuple(fc.integer({ min: 1, max: 100_000 }), fc.constantFrom('s', 'm', 'h'));
  fc.assert(
    fc.property(rates, ([count, unit]) => {
      const ms = rateIntervalMs(`${count}/${unit}`);
      expect(rateIntervalMs(rateText(ms)) / ms).toBeCloseTo(1, 5);
    }),
  );
});
