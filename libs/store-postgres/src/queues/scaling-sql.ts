import { RUNS_AT_CELERY, SAMPLE, SPAN, span } from './report-sql.ts';

/** Tasks of a queue that are looked at, those that have been due for longest. */
export const MOST_DUE = 20_000;
/** A rate is known by so many seconds of workers, */
export const LEAST_SECONDS = 10;
/** or by so many tasks that ended in less. */
export const LEAST_ENDED = 1_000;

/**
 * What a scaler asks of one queue. The index goes by when a task could run first, so tasks for later cost nothing. A task waits for a
 * retry or a limit while its message is held in the outbox; one that no live worker serves is held there, too, and wants a worker. What
 * a worker of Celery's runs wants none of ours. The outbox is asked in an aggregate, which the planner can only answer by key. What workers can do is told by what they ended since the
 * oldest waiting task could have run: before that they may have had nothing to do. Those that are there now count, each from its start
 * on, so a worker more is a rate the higher at once. $1 queue
 */
export const SCALING = `
with due as materialized (
  select id, state, claim_worker, limit_key, greatest(created_at, eta) as due_at,
    cancel_at is null and (expires_at is null or expires_at > now()) as wanted
  from tasks where finished_at is null and queue = $1 and greatest(created_at, eta) <= now()
  order by greatest(created_at, eta) limit ${MOST_DUE}),
waiting as materialized (
  select d.*, o.rows > 0 as unsent, coalesce(o.held, false) as held
  from due d cross join lateral (
    select count(*) as rows, bool_or(due_at > now() and not unserved) as held from outbox where task_id = d.id) o
  where claim_worker is null and not ${RUNS_AT_CELERY}),
pause as (select exists (select from queues where name = $1 and paused_at is not null) as paused),
ready as materialized (
  select state, case when limit_key is null then due_at else greatest(due_at,
      (select max(s.taken_at) from limit_slots s where s.task_id = w.id),
      (select max(t.due_at) from limit_tickets t where t.task_id = w.id)) end as due_at
  from waiting w where wanted and not held and not (select paused from pause)),
oldest as (select extract(epoch from now() - min(due_at))::float8 as s from ready where state <> 'RETRY'),
present as materialized (
  select name, stopping, greatest(0, extract(epoch from now() - started_at))::float8 as age,
    case when json_typeof(vitals->'slotsUsed') = 'number' then (vitals->>'slotsUsed')::float8 end as used
  from workers where lease_until > now() and case when json_typeof(info->'queues') = 'array'
    then exists (select from json_array_elements_text(info->'queues') q where q = $1) else false end),
ended as materialized (
  select queue, worker, finished_at from tasks where finished_at > now() - interval '${SPAN} s' and finished_at is not null
  order by finished_at desc, id desc limit ${SAMPLE}),
busy as (
  select greatest(0.001, least((select (${span('finished_at')})::float8 from ended), coalesce((select s from oldest), ${SPAN}))) as s),
work as (
  select count(*)::float8 as n from ended, busy where queue = $1 and finished_at > now() - s * interval '1 s'
    and worker in (select name from present where not stopping)),
workers_there as (select count(*)::float8 as n, sum(least(age, s)) as seconds from present, busy where not stopping)
select (select count(*)::float8 from ready) as ready,
  (select count(*)::float8 from waiting where not unsent) as sent,
  (select paused from pause) as paused,
  greatest((select count(*)::float8 from due where claim_worker is not null), (select sum(used) from present), 0) as running,
  coalesce((select s from oldest), 0) as oldest_seconds,
  (select (count(*) filter (where queue = $1) / (${span('finished_at')}))::float8 from ended) as ended_per_second,
  (select case when w.n > 0 and (t.seconds >= ${LEAST_SECONDS} or w.n >= ${LEAST_ENDED}) then w.n / t.seconds * t.n end
    from work w, workers_there t) as drain_per_second,
  (select count(*) >= ${MOST_DUE} from due) as approximate`;
