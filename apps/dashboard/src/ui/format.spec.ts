import { cutMiddle, formatBytes, formatCount, formatDuration, formatRate, plural } from './format.ts';

test('numbers are short from 10,000 on', () => {
  expect([0, 9_999, 10_000, 12_431, 1_234_567].map(formatCount)).toEqual(['0', '9,999', '10 k', '12.4 k', '1.2 M']);
});

test('durations have two units at most', () => {
  const ms = [0, 0.4, 840, 1_240, 9_960, 59_700, 184_000, 7_500_000, 273_600_000];
  expect(ms.map(formatDuration)).toEqual([
    ...['0 ms', '0.4 ms', '840 ms', '1.2 s', '10 s', '1 min', '3 min 4 s', '2 h 5 min', '3 d 4 h'],
  ]);
});

test('rates, bytes, ids and plurals', () => {
  expect([0, 0.004, 0.25, 3.21, 312.4, 12_000].map(formatRate)).toEqual([
    ...['0/s', '< 0.01/s', '0.25/s', '3.2/s', '312/s', '12 k/s'],
  ]);
  expect([512, 1_434, 20 * 1024 ** 2].map(formatBytes)).toEqual(['512 B', '1.4 KiB', '20 MiB']);
  expect(cutMiddle('0198c1f2-77aa-7bbb-8ccc-1234569a3e')).toBe('0198c1f2-…9a3e');
  expect([plural(1, 'task'), plural(12_431, 'task')]).toEqual(['1 task', '12,431 tasks']);
});
