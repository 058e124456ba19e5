import { BUCKETS_PER_DOUBLING, LAST_BUCKET } from '@lovage/foundation';
import type { Statement } from '../database.ts';

/** The bucket of a time, as `bucketOf` has it. `ms`: an expression of a double. */
export const bucketSql = (ms: string): string =>
  `case when ${ms} < 1 then 0 when ${ms} >= 1 then least(${LAST_BUCKET}, floor(${BUCKETS_PER_DOUBLING} * ln(${ms}) / ln(2::float8) + 1e-9) + 1)::int end`;

/** Longest error that is read, characters as JSON; of a longer one its beginning. */
const MAX_ERROR = 64 * 1024;

/** Columns of `t`, an ended task: the minute, its series, and how long it waited and ran, ms; null where it did neither. */
const MEASURED = `
  (floor(extract(epoch from t.finished_at) / 60) * 60000)::float8 as at, t.name, t.queue, t.state,
  case when t.state in ('SUCCESS', 'FAILURE') and t.started_at is not null then greatest(0, extract(epoch from t.finished_at - t.started_at) * 1000)::float8 end as run,
  case when t.state in ('SUCCESS', 'FAILURE') and t.started_at is not null then greatest(0, extract(epoch from t.started_at - greatest(t.created_at, t.eta)) * 1000)::float8 end as wait`;
const GROUPED = `
  select at, name, queue, state, ${bucketSql('run')} as run_bucket, ${bucketSql('wait')} as wait_bucket,
    count(*)::int as n, coalesce(sum(run), 0)::float8 as run_ms, coalesce(sum(wait), 0)::float8 as wait_ms`;
const FAILED = `t.state in ('FAILURE', 'DEAD')`;

/** The cursor, locked until the transaction ends; no row: somebody else counts. */
export const TAKE_CURSOR = {
  name: 'history-take-cursor',
  text: `select finished_at::text, task_id from history_cursor for update skip locked`,
};

/**
 * Counts the next ends by minute, series and buckets. The limit stands in the text: not knowing it, the planner would gather and
 * sort all that has ended since. $1, $2 the cursor · $3 horizon, ms
 */
export const countNext = (limit: number): Statement => ({
  name: `history-count-${limit}`,
  text: `
with seen as materialized (
  select t.id, t.name, t.queue, t.ended_state as state, t.eta, t.created_at, t.started_at, t.finished_at
  from tasks t where (t.finished_at, t.id) > ($1::timestamptz, $2::uuid) and t.finished_at < to_timestamp($3::float8 / 1000)
  order by t.finished_at, t.id limit ${Math.trunc(limit)}),
measured as (select ${MEASURED} from seen t),
grouped as (${GROUPED} from measured group by 1, 2, 3, 4, 5, 6),
latest as (select finished_at, id from seen order by finished_at desc, id desc limit 1)
select (select count(*) from seen)::int as seen, (select min(finished_at)::text from seen) as first,
  (select finished_at::text from latest) as finished_at, (select id from latest) as task_id,
  (select coalesce(json_agg(g), '[]') from grouped g) as counts,
  (select coalesce(json_agg(t.id order by t.finished_at), '[]') from seen t where ${FAILED}) as failed`,
});

/** Failed tasks of the batch. $1 ids */
export const READ_FAILED = {
  name: 'history-read-failed',
  text: `
select t.id, t.name, (extract(epoch from t.created_at) * 1000)::float8 as created_at, (extract(epoch from t.finished_at) * 1000)::float8 as finished_at,
  left(t.error::text, ${MAX_ERROR}) as error
from unnest($1::uuid[]) as s(id) join tasks t using (id)`,
};

/** Takes ends that were deleted before they were counted. $1 limit */
export const TAKE_DELETED = {
  name: 'history-take-deleted',
  text: `
with t as (
  delete from uncounted_ends u using (select id from uncounted_ends limit $1) s where u.id = s.id returning u.*),
measured as (select ${MEASURED} from t),
grouped as (${GROUPED} from measured group by 1, 2, 3, 4, 5, 6)
select (select count(*) from t)::int as seen, (select min(finished_at)::text from t) as first,
  (select coalesce(json_agg(g), '[]') from grouped g) as counts,
  (select coalesce(json_agg(json_build_object('id', id, 'name', name, 'created_at', null,
    'finished_at', (extract(epoch from finished_at) * 1000)::float8, 'error', left(error::text, ${MAX_ERROR}))), '[]') from t where ${FAILED}) as failed`,
};

/** $1, $2 the cursor as it is now · $3 the first end of the batch, if any · $4 all ends before this are counted, ms */
export const MOVE_CURSOR = {
  name: 'history-move-cursor',
  text: `
update history_cursor set finished_at = $1, task_id = $2, counted_from = least(counted_from, coalesce($3::timestamptz, to_timestamp($4::float8 / 1000))),
  counted_to = greatest(counted_to, to_timestamp($4::float8 / 1000))`,
};

/** $1 names · $2 queues · $3 states */
export const FIND_SERIES = {
  name: 'history-find-series',
  text: `
select h.id, h.name, h.queue, h.state from unnest($1::text[], $2::text[], $3::text[]) as s(name, queue, state)
join history_series h using (name, queue, state)`,
};

export const COUNT_SERIES = { name: 'history-count-series', text: 'select count(*)::int as n from history_series' };

/** $1 names · $2 queues · $3 states */
export const ADD_SERIES = {
  name: 'history-add-series',
  text: `
insert into history_series (name, queue, state) select * from unnest($1::text[], $2::text[], $3::text[])
on conflict (name, queue, state) do update set state = excluded.state returning id, name, queue, state`,
};

export type HistoryTable = 'history_minutes' | 'history_hours' | 'history_days';

/** $1 times, ms · $2 series */
export const readCounts = (table: HistoryTable): Statement => ({
  name: `history-read-${table}`,
  text: `
select s.at, s.series, h.ended, h.run_ms::float8, h.wait_ms::float8,
  array_lower(h.run, 1) as run_from, h.run, array_lower(h.wait, 1) as wait_from, h.wait
from unnest($1::float8[], $2::int[]) as s(at, series)
join ${table} h on h.at = to_timestamp(s.at / 1000) and h.series = s.series`,
});

/** $1 times, ms · $2 series · $3 ended · $4, $5 sums, ms · $6, $7 arrays as texts */
export const writeCounts = (table: HistoryTable): Statement => ({
  name: `history-write-${table}`,
  text: `
insert into ${table} (at, series, ended, run_ms, wait_ms, run, wait)
select to_timestamp(at / 1000), series, ended, run_ms, wait_ms, run::int[], wait::int[]
from unnest($1::float8[], $2::int[], $3::int[], $4::float8[], $5::float8[], $6::text[], $7::text[])
  as s(at, series, ended, run_ms, wait_ms, run, wait)
on conflict (at, series) do update set ended = excluded.ended, run_ms = excluded.run_ms, wait_ms = excluded.wait_ms,
  run = excluded.run, wait = excluded.wait`,
});
