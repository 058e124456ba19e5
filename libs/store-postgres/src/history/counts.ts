import { addHistogram, type Histogram } from '@lovage/foundation';
import type { TerminalState } from '@lovage/task';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** What is counted apart. */
export interface Series {
  readonly name: string;
  readonly queue: string;
  readonly state: TerminalState;
}

/** Ends of one minute, series and pair of buckets, as the database counts them. Buckets are null where there is no such time. */
export interface EndsOfBuckets extends Series {
  readonly at: number;
  readonly run_bucket: number | null;
  readonly wait_bucket: number | null;
  readonly n: number;
  readonly run_ms: number;
  readonly wait_ms: number;
}

/** Ends of a series within a minute, an hour or a day. */
export interface Counts {
  readonly at: number;
  readonly series: number;
  ended: number;
  runMs: number;
  waitMs: number;
  readonly run: Map<number, number>;
  readonly wait: Map<number, number>;
}

/** Puts the ends of the same series and length of time together. */
export function countsOf(ends: readonly EndsOfBuckets[], seriesOf: (of: Series) => number, lengthMs: number): Counts[] {
  const all = new Map<string, Counts>();
  for (const end of ends) {
    const at = Math.floor(end.at / lengthMs) * lengthMs;
    const series = seriesOf(end);
    const key = `${at}.${series}`;
    let counts = all.get(key);
    if (!counts)
      all.set(key, (counts = { at, series, ended: 0, runMs: 0, waitMs: 0, run: new Map(), wait: new Map() }));
    counts.ended += end.n;
    counts.runMs += end.run_ms;
    counts.waitMs += end.wait_ms;
    if (end.run_bucket !== null) addHistogram(counts.run, new Map([[end.run_bucket, end.n]]));
    if (end.wait_bucket !== null) addHistogram(counts.wait, new Map([[end.wait_bucket, end.n]]));
  }
  // Always in one order, so that no two writers of the rows could deadlock.
  return [...all.values()].sort((a, b) => a.at - b.at || a.series - b.series);
}

/** A row of a table of history. */
export interface CountsRow {
  readonly at: number;
  readonly series: number;
  readonly ended: number;
  readonly run_ms: number;
  readonly wait_ms: number;
  readonly run_from: number | null;
  readonly run: readonly number[] | null;
  readonly wait_from: number | null;
  readonly wait: readonly number[] | null;
}

/** Adds what a row holds already. */
export function addRow(counts: Counts, row: CountsRow): void {
  counts.ended += row.ended;
  counts.runMs += row.run_ms;
  counts.waitMs += row.wait_ms;
  addHistogram(counts.run, fromArray(row.run_from, row.run));
  addHistogram(counts.wait, fromArray(row.wait_from, row.wait));
}

function fromArray(from: number | null, array: readonly number[] | null): Histogram {
  return new Map((array ?? []).map((n, i) => [(from ?? 0) + i, n]));
}

/** A histogram as an array of Postgres that begins with the first bucket which is not empty: `[12:14]={1,0,3}`. */
export function toArray(histogram: Histogram): string | null {
  const buckets = [...histogram.keys()];
  if (buckets.length === 0) return null;
  const [from, to] = [Math.min(...buckets), Math.max(...buckets)];
  const all = Array.from({ length: to - from + 1 }, (_, i) => histogram.get(from + i) ?? 0);
  return `[${from}:${to}]={${all.join(',')}}`;
}
