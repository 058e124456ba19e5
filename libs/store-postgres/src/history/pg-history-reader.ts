import type {
  CountedTimes,
  FailureGroup,
  FailurePage,
  FailurePosition,
  FailureRequest,
  HistoryReader,
  HistorySpan,
  StatsPoint,
  StatsRequest,
} from '@lovage/ports';
import type { ReadingPool } from '../lists/reading-pool.ts';
import { failuresQuery } from './failures-sql.ts';
import { bucketsQuery, endsQuery, keysQuery, SPAN } from './stats-sql.ts';

interface RawSpan {
  counted_from: number | null;
  counted_to: number | null;
  minutes_from: number | null;
  [column: string]: unknown;
}

interface RawEnds {
  index: number;
  key: string | null;
  ended: number;
  failed: number;
  run_ms: number;
  wait_ms: number;
  [column: string]: unknown;
}

interface RawBuckets {
  index: number;
  key: string | null;
  buckets: number[];
  ns: number[];
  [column: string]: unknown;
}

interface RawGroup {
  id: string;
  contract: string;
  type: string | null;
  message: string | null;
  stack: string[];
  first_seen_at: number;
  last_seen_at: number;
  n: number;
  parts: number[] | null;
  ns: number[] | null;
  value: number;
  sample_task_id: string | null;
  [column: string]: unknown;
}

/** What was counted, on Postgres. */
export class PgHistoryReader implements HistoryReader {
  constructor(private readonly pool: ReadingPool) {}

  async span(): Promise<HistorySpan> {
    const [row] = await this.pool.run<RawSpan>(SPAN);
    return {
      countedFrom: row?.counted_from ?? null,
      countedTo: row?.counted_to ?? null,
      minutesFrom: row?.minutes_from ?? null,
    };
  }

  stats(request: StatsRequest): Promise<StatsPoint[]> {
    return this.pool.together(async (run) => {
      const keys = request.by === 'none' ? [] : (await run<{ key: string }>(keysQuery(request))).map(({ key }) => key);
      const ends = await run<RawEnds>(endsQuery(request, keys));
      const runs = timesOf(await run<RawBuckets>(bucketsQuery(request, keys, 'run')));
      const waits = timesOf(await run<RawBuckets>(bucketsQuery(request, keys, 'wait')));
      return ends.map(({ index, key, ended, failed, run_ms, wait_ms }) => {
        const of = placeOf(index, key);
        const times = (sumMs: number, all: typeof runs): CountedTimes => ({ sumMs, buckets: all.get(of) ?? new Map() });
        return { index, key, ended, failed, run: times(run_ms, runs), wait: times(wait_ms, waits) };
      });
    });
  }

  async failures(
    request: FailureRequest,
    page: FailurePage,
  ): Promise<{ items: FailureGroup[]; next: FailurePosition | null }> {
    const rows = await this.pool.run<RawGroup>(failuresQuery(request, page));
    const listed = rows.slice(0, page.limit);
    const last = rows.length > page.limit ? listed.at(-1)! : undefined;
    return {
      items: listed.map((row) => toGroup(row, request.parts)),
      next: last ? { value: last.value, id: last.id } : null,
    };
  }
}

const placeOf = (index: number, key: string | null): string => `${index}.${key === null ? '' : `=${key}`}`;

function timesOf(rows: readonly RawBuckets[]): Map<string, Map<number, number>> {
  return new Map(
    rows.map(({ index, key, buckets, ns }) => [
      placeOf(index, key),
      new Map(buckets.map((bucket, i) => [bucket, ns[i]!])),
    ]),
  );
}

function toGroup(row: RawGroup, parts: number): FailureGroup {
  const trend = Array.from({ length: parts }, () => 0);
  for (const [i, part] of (row.parts ?? []).entries()) trend[part] = row.ns![i]!;
  return {
    id: row.id,
    contract: row.contract,
    type: row.type,
    message: row.message,
    stack: row.stack,
    count: row.n,
    trend,
    firstSeenAt: row.first_seen_at,
    lastSeenAt: row.last_seen_at,
    sampleTaskId: row.sample_task_id,
  };
}
