import { MOST_COUNTED } from '../lists/counts-sql.ts';

/** Tasks of a sample by which a rate is told: of a busier minute the newest part of it. */
export const SAMPLE = 10_000;
/** How far back rates look, s. */
export const SPAN = 60;
/** Queues of one answer. */
const MOST = 1_000;

/** Of a row without a claim: a worker of Celery's runs the task. Ours claim what they run. */
export const RUNS_AT_CELERY = "state in ('STARTED', 'PROGRESS')";
/** Nobody runs it. */
const WAITS = `claim_worker is null and not ${RUNS_AT_CELERY}`;

/** The oldest and the newest live tasks, each half of what is counted at most. */
export const liveSample = (columns: string) => `(
  select ${columns} from (select ${columns} from tasks where finished_at is null order by created_at, id limit ${MOST_COUNTED / 2}) oldest
  union
  select ${columns} from (select ${columns} from tasks where finished_at is null order by created_at desc, id desc limit ${MOST_COUNTED / 2}) newest)`;

/** Every queue that is known of. $1 names */
export const QUEUES = `
select name, p.paused_at, p.paused_by, p.paused_why from (
  select unnest($1::text[]) as name
  union select name from queues where paused_at is not null
  union select json_array_elements_text(info->'queues') from workers where lease_until > now() and json_typeof(info->'queues') = 'array'
  union select queue from ${liveSample('id, queue')} l) known
left join queues p using (name) order by name limit ${MOST}`;

/** Live tasks by queue. */
export const LIVE = `
select queue, count(*) filter (where ${WAITS})::float8 as waiting,
  count(*) filter (where ${WAITS} and eta > now())::float8 as later,
  count(*) filter (where not (${WAITS}))::float8 as running,
  extract(epoch from now() - min(greatest(created_at, eta)) filter (where ${WAITS} and (eta is null or eta <= now())))::float8
    as oldest_seconds
from ${liveSample('id, queue, state, claim_worker, eta, created_at')} l group by queue`;

/** How much time a sample covers, s. `at` names its column of times. */
export const span = (at: string) => `
  case when count(*) < ${SAMPLE} then ${SPAN} else greatest(0.001, least(${SPAN}, extract(epoch from now() - min(${at})))) end`;

/** A second: tasks that came and are live still. */
export const CAME_LIVE = `
with sample as materialized (
  select queue, created_at from tasks where finished_at is null order by created_at desc, id desc limit ${SAMPLE})
select queue, (count(*) / (select ${span('created_at')} from sample))::float8 as per_second
from sample where created_at > now() - interval '${SPAN} s' group by queue`;

/** A second: tasks that came and have ended since. $1 queues */
export const CAME_ENDED = `
select q.name as queue, s.per_second from unnest($1::text[]) as q(name), lateral (
  select (count(*) / (${span('created_at')}))::float8 as per_second from (
    select created_at from tasks where finished_at is not null and queue = q.name and created_at > now() - interval '${SPAN} s'
    order by created_at desc, id desc limit ${SAMPLE}) sample) s`;

/** A second: tasks that ended. */
export const WENT = `
with sample as materialized (
  select queue, finished_at from tasks where finished_at > now() - interval '${SPAN} s' and finished_at is not null
  order by finished_at desc, id desc limit ${SAMPLE})
select queue, (count(*) / (select ${span('finished_at')} from sample))::float8 as per_second from sample group by queue`;
