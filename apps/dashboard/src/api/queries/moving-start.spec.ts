import { withStart } from './moving-start.ts';

const NOW = Date.parse('2026-11-29T22:05:30.500Z');

test('a time that ends now begins so long before, at whole points where there are some', () => {
  expect(withStart({ last: 3_600, contract: 'a.b' }, NOW)).toEqual({
    ...{ from: '2026-11-29T21:05:30.500Z', contract: 'a.b' },
  });
  expect(withStart({ last: 3_600, step: 60 }, NOW)).toEqual({ from: '2026-11-29T21:06:00.000Z', step: 60 });
  expect(withStart({ last: 604_800, step: 3_600 }, NOW)).toEqual({ from: '2026-11-22T23:00:00.000Z', step: 3_600 });
});

test('what has its own ends keeps them', () => {
  const part = { from: '2026-11-29T10:00:00.000Z', to: '2026-11-29T11:00:00.000Z', step: 60 };
  expect(withStart(part, NOW)).toEqual(part);
  expect(withStart({ step: 60 }, NOW)).toEqual({ step: 60 });
});
