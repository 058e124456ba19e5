import { liveSample } from '../queues/report-sql.ts';

/** How far back rates look, s: long enough to be steady, short enough to be live. */
const SPAN = 5;
/** Ended tasks that are looked at; of a busier time the newest. */
const SAMPLE = 5_000;

/** One row. */
export const THROUGHPUT = `
with sample as materialized (
  select ended_state, started_at, finished_at from tasks where finished_at > now() - interval '${SPAN} s' and finished_at is not null
  order by finished_at desc, id desc limit ${SAMPLE}),
span as materialized (
  select (case when count(*) < ${SAMPLE} then ${SPAN}
    else greatest(0.001, least(${SPAN}, extract(epoch from now() - min(finished_at)))) end)::float8 as seconds from sample)
select seconds,
  ((select count(*) from sample where started_at > now() - seconds * interval '1 s')
    + (select count(*) from ${liveSample('id, claim_worker, started_at')} l where claim_worker is not null and started_at > now() - seconds * interval '1 s'))
    / seconds as started,
  (select coalesce(json_object_agg(state, n / seconds), '{}') from (select ended_state as state, count(*) as n from sample group by ended_state) c) as ended
from span`;
