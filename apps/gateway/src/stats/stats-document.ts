import { addHistogram, percentiles, sizeOf } from '@lovage/foundation';
import type { StatsDocument, StatsSeries, StatsTimes } from '@lovage/http-api';
import type { CountedTimes, HistorySpan, StatsPoint } from '@lovage/ports';
import type { StatsRange } from './stats-range.ts';

const SHARES = [0.5, 0.95, 0.99] as const;

/** What was found of a range as the API gives it: columns, as charts take them. */
export function statsDocument(range: StatsRange, span: HistorySpan, points: readonly StatsPoint[]): StatsDocument {
  const { from, to, stepMs } = range;
  const byKey = new Map<string | null, StatsPoint[]>();
  for (const point of points) {
    const of = byKey.get(point.key);
    if (of) of.push(point);
    else byKey.set(point.key, [point]);
  }
  const keyed = [...byKey].filter(([key]) => key !== '');
  const series = keyed.map(([key, of]) => seriesOf(key, of, range, span));
  return {
    from: iso(from),
    to: iso(to),
    step: stepMs / 1000,
    countedFrom: span.countedFrom === null ? null : iso(span.countedFrom),
    countedTo: span.countedTo === null ? null : iso(span.countedTo),
    total: seriesOf(null, points, range, span),
    series: series.sort(inOrder),
  };
}

/** Most ends first; the others come last. */
const inOrder = (a: StatsSeries, b: StatsSeries): number =>
  Number(a.key === null) - Number(b.key === null) || b.overall.ended - a.overall.ended || (a.key! < b.key! ? -1 : 1);

/** One series of points, several of which may be of one step: they are put together. */
function seriesOf(
  key: string | null,
  points: readonly StatsPoint[],
  range: StatsRange,
  span: HistorySpan,
): StatsSeries {
  const ended = column(range, span, 0);
  const failed = column(range, span, 0);
  const overall = { ended: 0, failed: 0 };
  for (const point of points) {
    ended[point.index] = (ended[point.index] ?? 0) + point.ended;
    failed[point.index] = (failed[point.index] ?? 0) + point.failed;
    overall.ended += point.ended;
    overall.failed += point.failed;
  }
  return {
    key,
    ended,
    failed,
    overall,
    run: timesOf(points, range, ({ run }) => run),
    wait: timesOf(points, range, ({ wait }) => wait),
  };
}

function timesOf(
  points: readonly StatsPoint[],
  range: StatsRange,
  pick: (point: StatsPoint) => CountedTimes,
): StatsTimes {
  const columns = (): (number | null)[] => Array.from({ length: range.points }, () => null);
  const [mean, p50, p95, p99] = [columns(), columns(), columns(), columns()];
  const all = new Sum();
  const bySteps = new Map<number, Sum>();
  for (const point of points) {
    const times = pick(point);
    all.add(times);
    const sum = bySteps.get(point.index) ?? new Sum();
    sum.add(times);
    bySteps.set(point.index, sum);
  }
  for (const [index, sum] of bySteps) {
    const figures = sum.figures();
    [mean[index], p50[index], p95[index], p99[index]] = [figures.mean, figures.p50, figures.p95, figures.p99];
  }
  return { mean, p50, p95, p99, overall: all.figures() };
}

/** Times put together. */
class Sum {
  private sumMs = 0;
  private readonly buckets = new Map<number, number>();

  add({ sumMs, buckets }: CountedTimes): void {
    this.sumMs += sumMs;
    addHistogram(this.buckets, buckets);
  }

  figures(): StatsTimes['overall'] {
    const count = sizeOf(this.buckets);
    const [p50, p95, p99] = percentiles(this.buckets, SHARES);
    return { count, mean: count === 0 ? null : Math.round(this.sumMs / count), p50, p95, p99 };
  }
}

/** A value for each step of which something is known, null for the others: before the first count, and after the last. */
function column(range: StatsRange, { countedFrom, countedTo }: HistorySpan, value: number): (number | null)[] {
  const { from, stepMs } = range;
  return Array.from({ length: range.points }, (_, i) => {
    const start = from + i * stepMs;
    const isKnown = countedFrom !== null && countedTo !== null && start + stepMs > countedFrom && start < countedTo;
    return isKnown ? value : null;
  });
}

const iso = (ms: number): string => new Date(ms).toISOString();
