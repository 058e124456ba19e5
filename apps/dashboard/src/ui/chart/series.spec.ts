import { formatTick } from './chart-ticks.ts';
import { stack } from './series.ts';

test('a layer of a stack stands on those below; a gap of one is a gap of all above', () => {
  const series = [
    [1, 2, null],
    [10, null, 5],
  ].map((values, n) => ({ key: `${n}`, label: '', color: '', values }));
  expect(stack(series)).toEqual([
    [1, 2, null],
    [11, null, null],
  ]);
  expect(stack([])).toEqual([]);
});

test('an axis shows as much of a time as tells one from the next, in the chosen zone', () => {
  const at = Date.parse('2026-11-29T22:05:30Z') / 1_000;
  expect([10, 60, 21_600, 86_400].map((step) => formatTick(at, step, 'UTC'))).toEqual([
    ...['22:05:30', '22:05', 'Sun 22:05', '29 Nov'],
  ]);
  expect(formatTick(at, 60, 'Asia/Tokyo')).toBe('07:05');
});
