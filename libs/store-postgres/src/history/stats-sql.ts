import type { StatsRequest } from '@lovage/ports';
import type { Query } from '../lists/list-sql.ts';

/** How far the counting has come. */
export const SPAN: Query = {
  text: `
select (extract(epoch from greatest(counted_from, (select min(at) from history_hours))) * 1000)::float8 as counted_from, (extract(epoch from counted_to) * 1000)::float8 as counted_to,
  (extract(epoch from minutes_from) * 1000)::float8 as minutes_from
from history_cursor`,
  values: [],
};

const KEY = { none: `''`, state: 's.state', contract: 's.name', queue: 's.queue' } as const;
const TABLE = { minute: 'history_minutes', hour: 'history_hours', day: 'history_days' } as const;

/** Puts a value into the query and gives its place. */
type Place = (value: unknown) => string;

function build(write: (place: Place) => string): Query {
  const values: unknown[] = [];
  const text = write((value) => `$${values.push(value)}`);
  return { text, values };
}

/** Which counts (`h`, with their series `s`) are in question. */
function conditions({ from, to, contract, queue, states }: StatsRequest, p: Place): string {
  const time = (ms: number): string => `to_timestamp(${p(ms)}::float8 / 1000)`;
  const all = [`h.at >= ${time(from)}`, `h.at < ${time(to)}`];
  // By ids, which stand in the index of the counts: rows of other series are not read.
  const of: string[] = [];
  if (contract !== undefined) of.push(`name = ${p(contract)}`);
  if (queue !== undefined) of.push(`queue = ${p(queue)}`);
  if (states !== undefined) of.push(`state = any(${p(states)}::text[])`);
  if (of.length > 0) all.push(`h.series = any(array(select id from history_series where ${of.join(' and ')}))`);
  return all.join(' and ');
}

/** Where the step of a row begins: without arithmetic on numerics, which would cost more than all the rest. */
const binOf = ({ from, stepMs }: StatsRequest, p: Place): string =>
  `date_bin(${p(stepMs)}::float8 * interval '1 ms', h.at, to_timestamp(${p(from)}::float8 / 1000))`;

/** The number of the step that begins at `bin`. */
const indexOf = ({ from, stepMs }: StatsRequest, p: Place): string =>
  `round((extract(epoch from bin) * 1000 - ${p(from)}::float8) / ${p(stepMs)}::float8)::int as index`;

/** The series of a row: its key, or null of all that are not among `keys`. What was counted without a name has none. */
function keyIn({ by }: StatsRequest, keys: readonly string[], p: Place): string {
  return by === 'none'
    ? `''`
    : `case when ${KEY[by]} <> '' and ${KEY[by]} = any(${p(keys)}::text[]) then ${KEY[by]} end`;
}

/** The keys with most ends. */
export function keysQuery(request: StatsRequest): Query {
  return build(
    (p) => `
select ${KEY[request.by]} as key from ${TABLE[request.grain]} h join history_series s on s.id = h.series
where ${conditions(request, p)} group by 1 order by sum(h.ended) desc, 1 limit ${Math.trunc(request.maxSeries)}`,
  );
}

/** Ends and sums of times by step and key. */
export function endsQuery(request: StatsRequest, keys: readonly string[]): Query {
  return build(
    (p) => `
select ${indexOf(request, p)}, key, ended, failed, run_ms, wait_ms from (
  select ${binOf(request, p)} as bin, ${keyIn(request, keys, p)} as key, sum(h.ended)::float8 as ended,
    coalesce(sum(h.ended) filter (where s.state in ('FAILURE', 'DEAD')), 0)::float8 as failed,
    sum(h.run_ms)::float8 as run_ms, sum(h.wait_ms)::float8 as wait_ms
  from ${TABLE[request.grain]} h join history_series s on s.id = h.series where ${conditions(request, p)} group by 1, 2) b`,
  );
}

/**
 * The histograms by step and key, each as one list of buckets and one of numbers. `offset 0`: step and key are found once a row,
 * not once for each of its buckets.
 */
export function bucketsQuery(request: StatsRequest, keys: readonly string[], times: 'run' | 'wait'): Query {
  return build(
    (p) => `
select ${indexOf(request, p)}, key, array_agg(bucket) as buckets, array_agg(n) as ns from (
  select bin, key, bucket, sum(n)::float8 as n from (
    select bin, key, generate_subscripts(times, 1) as bucket, unnest(times) as n from (
      select ${binOf(request, p)} as bin, ${keyIn(request, keys, p)} as key, h.${times} as times
      from ${TABLE[request.grain]} h join history_series s on s.id = h.series where ${conditions(request, p)} offset 0) row) each
  where n > 0 group by 1, 2, 3) b
group by bin, key`,
  );
}
