import { countEnded } from './count-ended.ts';

/** Workers that are known at most. */
const MOST_WORKERS = 1000;

/** $1 holder · $2 ms */
export const WATCH_HOLD = {
  name: 'celery-watch-hold',
  text: `
insert into celery_watch as w (id, holder, until) values (1, $1, now() + $2::float8 * interval '1 ms')
on conflict (id) do update set holder = excluded.holder, until = excluded.until
where w.holder = excluded.holder or w.until < now() returning holder`,
};

/** $1 holder */
export const WATCH_RELEASE = { name: 'celery-watch-release', text: 'delete from celery_watch where holder = $1' };

/**
 * Heartbeats and ends, one a worker. A name that a worker of ours has is not taken.
 * $1 names · $2 pids · $3 software · $4 versions · $5 active · $6 processed · $7 freqs · $8 gone
 */
export const WORKERS_SEEN = {
  name: 'celery-workers-seen',
  text: `
insert into celery_workers as w (name, pid, software, version, active, processed, freq, seen_at, gone_at)
select s.name, s.pid, s.software, s.version, s.active, s.processed, s.freq, now(), case when s.gone then now() end
from unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::int[], $6::bigint[], $7::float8[], $8::bool[])
  as s(name, pid, software, version, active, processed, freq, gone)
where not exists (select from workers o where o.name = s.name)
  and ((select count(*) from celery_workers) < ${MOST_WORKERS} or exists (select from celery_workers k where k.name = s.name))
order by s.name limit ${MOST_WORKERS}
on conflict (name) do update set pid = coalesce(excluded.pid, w.pid), software = coalesce(excluded.software, w.software),
  version = coalesce(excluded.version, w.version), active = coalesce(excluded.active, w.active),
  processed = coalesce(excluded.processed, w.processed), freq = excluded.freq, seen_at = excluded.seen_at, gone_at = excluded.gone_at,
  started_at = case when w.gone_at is not null and excluded.gone_at is null then now() else w.started_at end`,
};

/** One that misses five heartbeats is no longer alive. */
export const CELERY_WORKERS = `
select name, pid, software, version, active, processed::float8 as processed, freq, started_at, seen_at, gone_at,
  gone_at is null and seen_at > now() - greatest(10, 5 * freq) * interval '1 s' as alive
from celery_workers where seen_at > now() - interval '1 day' order by alive desc, name limit ${MOST_WORKERS}`;

/**
 * Tasks as their events tell of them. A row is made where the task is named; a row that is there changes only if it was made so, and of a
 * foreign task that was submitted here only its start is noted (by its end, where both are told at once), and that it was requeued: its end
 * comes with its result.
 * $1 ids · $2 wire ids · $3 names · $4 queues · $5 states · $6 workers · $7 inputs · $8 roots · $9 parents · $10 retries · $11 etas
 * · $12 expiries · $13 results · $14 errors · $15 terminal states · $16 requeued
 */
export const OBSERVED = {
  name: 'celery-observed',
  text: `
with s as materialized (
  select *, state = any($15::text[]) as over from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::json[],
    $8::uuid[], $9::uuid[], $10::int[], $11::float8[], $12::float8[], $13::json[], $14::json[], $16::bool[])
  as s(id, wire_id, name, queue, state, worker, input, root_id, parent_id, retries, eta, expires_at, result, error, requeued)),
changed as (
  update tasks t set
    state = case when t.message->>'foreign' is not null and s.over then 'STARTED' when s.state = 'QUEUED' and t.state <> 'RETRY' and not s.requeued then t.state else s.state end,
    worker = coalesce(s.worker, t.worker), retries = greatest(t.retries, s.retries),
    started_at = case when s.state in ('QUEUED', 'SCHEDULED', 'REVOKED', 'EXPIRED') then t.started_at else coalesce(t.started_at, now()) end,
    result = case when s.over and t.message->>'observed' is not null then s.result end,
    error = case when s.over and t.message->>'observed' is not null then s.error end,
    finished_at = case when s.over and t.message->>'observed' is not null then now() end
  from (select * from s order by id) s
  where t.id = s.id and t.ended_state is null and t.claim_worker is null
    and (t.message->>'observed' is not null or t.message->>'foreign' is not null and (s.state in ('STARTED', 'SUCCESS', 'FAILURE') and t.state in ('PENDING', 'QUEUED', 'RETRY')
        or s.requeued and s.state = 'QUEUED' and t.state = 'STARTED'))
  returning t.id, t.ended_state),
made as (
  insert into tasks (id, wire_id, name, queue, state, message, worker, input, root_id, parent_id, retries, eta, expires_at, result, error, started_at, finished_at)
  select s.id, s.wire_id, s.name, s.queue, s.state, '{"observed":"celery"}', s.worker, s.input, nullif(s.root_id, s.id), s.parent_id, s.retries,
    to_timestamp(s.eta / 1000), to_timestamp(s.expires_at / 1000), s.result, s.error,
    case when s.state not in ('QUEUED', 'SCHEDULED', 'REVOKED', 'EXPIRED') then now() end, case when s.over then now() end
  from s where s.name is not null and not exists (select from tasks t where t.id = s.id) order by s.id
  on conflict (id) do nothing returning ended_state),
ended as (select ended_state from changed where ended_state is not null union all select ended_state from made where ended_state is not null),${countEnded('ended')}
select from ended limit 0`,
};

/** $1 most */
export const OBSERVED_OPEN = {
  name: 'celery-observed-open',
  text: `
select count(*)::int as n from (
  select from tasks where finished_at is null and message->>'observed' is not null limit $1) o`,
};

/** Rows of one statement. */
const TIDY = 1000;
/** Type of the error of a task whose worker runs nothing any more. */
const END_UNTOLD = 'EndUntold';

export const CELERY_TIDY = {
  name: 'celery-tidy',
  text: `
with old as (delete from celery_workers where seen_at < now() - interval '1 day'),
lost as (
  select t.id from tasks t where t.finished_at is null and t.message->>'observed' is not null
    and not exists (select from celery_workers w where w.name = t.worker and w.gone_at is null and w.seen_at > now() - interval '1 hour')
    and (t.created_at < now() - interval '1 day' or exists (select from celery_workers w where w.name = t.worker and (w.gone_at is not null or w.seen_at < now() - interval '1 hour')))
  order by t.id limit ${TIDY} for update of t skip locked),
untold as (
  select t.id from tasks t join celery_workers w on w.name = t.worker
  where t.finished_at is null and t.message->>'observed' is not null and t.state = 'STARTED' and w.gone_at is null and w.active = 0
    and w.seen_at > now() - interval '1 minute' and w.seen_at > t.started_at + interval '1 minute'
  order by t.id limit ${TIDY} for update of t skip locked),
written as (
  update tasks t set state = 'FAILURE', finished_at = now(), error = s.error
  from (
    select id, '{"type":"WorkerLost","message":"the worker of Celery that had this task is gone, and has told no end of it"}'::json as error from lost
    union all
    select id, '{"type":"${END_UNTOLD}","message":"the worker of Celery that had this task runs nothing any more, and has told no end of it: the task was ignored, or the event was lost"}' from untold
  ) s where t.id = s.id returning t.ended_state),
ended as (select ended_state from written where ended_state is not null),${countEnded('ended')}
select (select count(*) from ended)::int as n`,
};
