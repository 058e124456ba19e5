import { selectedPart, overviewSearch, statsOf } from './range.ts';

test('the search holds a range, or both ends of a part', () => {
  expect(overviewSearch({ range: 'day' })).toEqual({ range: 'day' });
  expect(overviewSearch({ range: 'year', from: 'x', to: 'y' })).toEqual({});
  const part = { from: '2026-11-29T10:00:00.000Z', to: '2026-11-29T11:00:00.000Z' };
  expect(overviewSearch({ ...part, range: 'day' })).toEqual(part);
  expect(overviewSearch({ from: part.to, to: part.from, times: 'wait' })).toEqual({ times: 'wait' });
});

test('what is asked for has some hundred points', () => {
  expect(statsOf({})).toEqual({ last: 3_600, step: 60 });
  expect(statsOf({ range: 'week' })).toEqual({ last: 604_800, step: 3_600 });
  const days = { from: '2026-10-01T00:00:00.000Z', to: '2026-11-01T00:00:00.000Z' };
  expect(statsOf(days).step).toBe(25_200);
});

test('a part that is selected is whole minutes, two at least', () => {
  const at = Date.parse('2026-11-29T10:00:30Z') / 1_000;
  expect(selectedPart(at, at + 10)).toBe(undefined);
  expect(selectedPart(at, at + 90)).toEqual({ from: '2026-11-29T10:00:00.000Z', to: '2026-11-29T10:02:00.000Z' });
});
