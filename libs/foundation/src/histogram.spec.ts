import { addHistogram, bucketOf, LAST_BUCKET, middleOf, percentiles } from './histogram.ts';

test('a bucket is known to within 10 % and 0.5 ms, from 0 ms to ten days', () => {
  expect([0, -5, Number.NaN, 1, 2, 4, 1024].map(bucketOf)).toEqual([0, 0, 0, 1, 5, 9, 41]);
  for (let ms = 1; ms < 900_000_000; ms = Math.ceil(ms * 1.01)) {
    const middle = middleOf(bucketOf(ms));
    expect(Math.abs(middle - ms)).toBeLessThanOrEqual(ms / 10 + 0.5);
    expect(bucketOf(ms)).toBeGreaterThanOrEqual(bucketOf(ms - 1));
  }
  for (let power = 0; power < 30; power += 1) expect(bucketOf(2 ** power)).toBe(power * 4 + 1);
  expect(bucketOf(1e12)).toBe(LAST_BUCKET);
});

test('percentiles are those of the times, to within 10 %', () => {
  const times = Array.from({ length: 1000 }, (_, i) => (i + 1) * 7);
  const all = new Map<number, number>();
  for (const ms of times) addHistogram(all, new Map([[bucketOf(ms), 1]]));
  const [p50, p95, p99] = percentiles(all, [0.5, 0.95, 0.99]);
  for (const [found, true_] of [
    [p50, 3500],
    [p95, 6650],
    [p99, 6930],
  ])
    expect(Math.abs(found! - true_!) / true_!).toBeLessThan(0.1);
  expect(percentiles(new Map(), [0.5])).toEqual([null]);
  expect(percentiles(new Map([[0, 1]]), [0.5, 0.99])).toEqual([0, 0]);
  // Whole small times are exact.
  expect([1, 2, 3, 4, 5].map((ms) => middleOf(bucketOf(ms)))).toEqual([1, 2, 3, 4, 5]);
});
