import { byReason, reasonInWords } from './dead-letter-words.ts';

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

test('a contract whose messages died of several codes is listed once, what has no contract by its code', () => {
  const at = '2026-01-01';
  const part = (name: string | null, code: string, count: number) => ({
    ...{ reason: 'rejected', queue: 'a', name, code, count, firstAt: at, lastAt: at },
  });
  const [group] = byReason([
    part('mail.send', 'canvas_unsupported', 2),
    part(null, 'not_json', 3),
    part('mail.send', 'input_invalid', 2),
    part(null, 'too_large', 1),
  ]);
  expect(group!.parts.map(({ name, code, count }) => [name ?? code, count])).toEqual([
    ['mail.send', 4],
    ['not_json', 3],
    ['too_large', 1],
  ]);
});
