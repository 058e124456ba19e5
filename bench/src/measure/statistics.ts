/** The middle one; of an even number the mean of the two in the middle. @throws RangeError of nothing */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('there is no median of nothing');
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** By nearest rank: each is a value that was measured. @throws RangeError of nothing */
export function percentiles(values: readonly number[]): Percentiles {
  if (values.length === 0) throw new RangeError('there are no percentiles of nothing');
  const sorted = Float64Array.from(values).sort();
  const at = (percent: number): number => sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]!;
  return { p50: at(50), p95: at(95), p99: at(99), max: sorted[sorted.length - 1]! };
}
