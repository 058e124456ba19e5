/** Buckets that double a time: with four, a time is known to within 10 %, and what rounding to whole ms adds. */
export const BUCKETS_PER_DOUBLING = 4;
/** Holds all times of 10.5 days or more. */
export const LAST_BUCKET = 120;

/** How many times are in each bucket. */
export type Histogram = ReadonlyMap<number, number>;

/**
 * The bucket of a time in whole ms: 0 holds 0 ms, bucket i the times from 2^((i-1)/4) up to but not 2^(i/4) ms, the last all
 * that are longer.
 */
export function bucketOf(ms: number): number {
  if (!(ms >= 1)) return 0;
  // A power of two begins its bucket, whatever the logarithm is rounded to.
  return Math.min(LAST_BUCKET, Math.floor(BUCKETS_PER_DOUBLING * Math.log2(ms) + 1e-9) + 1);
}

/** The middle of a bucket in whole ms: no time of it is more than 10 % and 0.5 ms off, but in the last bucket. */
export const middleOf = (bucket: number): number =>
  bucket <= 0 ? 0 : Math.round(2 ** ((Math.min(bucket, LAST_BUCKET) - 0.5) / BUCKETS_PER_DOUBLING));

/** How many times a histogram holds. */
export function sizeOf(histogram: Histogram): number {
  let size = 0;
  for (const n of histogram.values()) size += n;
  return size;
}

/** The time, whole ms, that a share of all do not exceed, for each share; null of an empty histogram. */
export function percentiles<const S extends readonly number[]>(
  histogram: Histogram,
  shares: S,
): { -readonly [I in keyof S]: number | null } {
  const size = sizeOf(histogram);
  const buckets = [...histogram].filter(([, n]) => n > 0).sort(([a], [b]) => a - b);
  const one = (share: number): number | null => {
    const rank = Math.max(1, Math.ceil(share * size));
    let passed = 0;
    for (const [bucket, n] of buckets) if ((passed += n) >= rank) return middleOf(bucket);
    return null;
  };
  return shares.map(one) as { -readonly [I in keyof S]: number | null };
}

/** Adds to the first what the second holds. */
export function addHistogram(to: Map<number, number>, other: Histogram): void {
  for (const [bucket, n] of other) to.set(bucket, (to.get(bucket) ?? 0) + n);
}
