import { byReason, reasonInWords } from './letter-words.ts';

test('groups of one reason are put together, the largest first', () => {
  const part = (reason: string, queue: string, count: number, at: string) => ({
    ...{ reason, queue, name: null, code: null, count, firstAt: at, lastAt: at },
  });
  const groups = byReason([
    part('expired', 'a', 3, '2026-01-02'),
    part('rejected', 'a', 4, '2026-01-01'),
    part('expired', 'b', 2, '2026-01-03'),
  ]);
  expect(groups).toMatchObject([
    {
      reason: 'expired',
      count: 5,
      firstAt: '2026-01-02',
      lastAt: '2026-01-03',
      parts: [{ queue: 'a' }, { queue: 'b' }],
    },
    { reason: 'rejected', count: 4 },
  ]);
  expect(reasonInWords('constructor')).toBe('As the broker says.');
});
