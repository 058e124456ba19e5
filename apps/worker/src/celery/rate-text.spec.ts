import { rateOfText, textOfRate } from './rate-text.ts';

test.each([
  ['10/m', 10 / 60, '10/m'],
  ['2/s', 2, '2/s'],
  ['100/h', 100 / 3600, '100/h'],
  ['5', 5, '5/s'],
  [2.5, 2.5, '150/m'],
  [0, 0, '0/s'],
  [null, 0, '0/s'],
  ['0.1/s', 0.1, '6/m'],
])('%j is a rate', (given, perSecond, text) => {
  expect(rateOfText(given)).toBeCloseTo(perSecond, 10);
  expect(textOfRate(perSecond)).toBe(text);
});

test.each(['zz', '1/d', '-1/s', -1, {}, '1e400', '10/m; drop', Number.NaN, 1e12])('%j is none', (given) => {
  expect(rateOfText(given)).toBeUndefined();
});
