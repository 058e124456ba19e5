import { liveSample } from '../queues/report-sql.ts';

/** Workers of one answer. */
const MOST = 1_000;
/** Starts of one name in one answer. */
const MOST_NAMED = 21;

/** What the workers run, of the live tasks that are looked at. */
const RUNNING = `(
  select claim_worker, count(*)::int as n, min(started_at) as oldest
  from ${liveSample('id, claim_worker, started_at')} l where claim_worker is not null group by claim_worker)`;

/** The same process holds another lease. `w`: the worker's row */
const REPLACED = `exists (select from workers o where o.name = w.name and o.id <> w.id and o.lease_until > now()
  and o.info->>'host' = w.info->>'host' and o.info->>'pid' = w.info->>'pid')`;

const TOLD =
  'w.id, w.name, w.info, w.serves, w.vitals, w.memory_mb, w.stopping, w.held, w.started_at, w.seen_at, w.lease_until';
const PRESENT = `${TOLD}, w.lease_until > now() as leased, null::timestamptz as gone_at,
  w.lease_until <= now() and ${REPLACED} as replaced, coalesce(r.n, 0)::int as running, r.oldest as oldest_running_at
  from workers w left join ${RUNNING} r on r.claim_worker = w.id`;
/** What it ran is queued again, or runs elsewhere. */
const GONE = `${TOLD}, w.lease_until >= w.gone_at as leased, w.gone_at, ${REPLACED} as replaced, 0 as running, null::timestamptz as oldest_running_at
  from gone_workers w`;
const KEPT = `w.gone_at > now() - interval '1 day'`;

/** $1 also those whose lease has run out */
export const WORKERS_PRESENT = `select ${PRESENT} where w.lease_until > now() or $1::bool order by w.name, w.id limit ${MOST}`;

export const WORKERS_GONE = `select ${GONE} where ${KEPT} order by w.gone_at desc, w.id limit ${MOST}`;

/** $1 name or id */
export const WORKERS_NAMED = `
select * from (
  (select ${PRESENT} where w.name = $1 or w.id::text = lower($1) order by w.lease_until desc limit ${MOST_NAMED})
  union all
  (select ${GONE} where (w.name = $1 or w.id::text = lower($1)) and ${KEPT} order by w.gone_at desc limit ${MOST_NAMED})) w
order by gone_at desc nulls first, leased desc, started_at desc, id limit ${MOST_NAMED}`;

/** $1 worker · $2 limit */
export const WORKER_TASKS = `
select id, wire_id, name, queue, state, retries, started_at, extract(epoch from now() - started_at)::float8 as seconds
from ${liveSample('id, wire_id, name, queue, state, retries, started_at, claim_worker')} l
where claim_worker = $1 order by started_at, id limit $2`;
