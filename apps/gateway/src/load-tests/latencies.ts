import { bucketOf, percentiles } from '@lovage/foundation';
import type { LatencyDocument } from '@lovage/http-api';

/** Durations are counted in hundredths of a millisecond: the buckets then tell 0.05 ms from 0.06 ms. */
const UNITS = 100;

/** Percentiles of any number of durations, to within 10 %, in little memory. */
export class Latencies {
  private readonly buckets = new Map<number, number>();
  private max = 0;

  add(ms: number): void {
    const bucket = bucketOf(ms * UNITS);
    this.buckets.set(bucket, (this.buckets.get(bucket) ?? 0) + 1);
    this.max = Math.max(this.max, ms);
  }

  /** Null: there are none. */
  get all(): LatencyDocument | null {
    const [p50, p90, p95, p99] = percentiles(this.buckets, [0.5, 0.9, 0.95, 0.99]);
    if (p50 === null || p90 === null || p95 === null || p99 === null) return null;
    // The middle of a bucket may lie above the longest of it.
    const known = (units: number): number => Math.min(units / UNITS, this.longest);
    return { p50: known(p50), p90: known(p90), p95: known(p95), p99: known(p99), max: this.longest };
  }

  private get longest(): number {
    return Math.round(this.max * UNITS) / UNITS;
  }
}
