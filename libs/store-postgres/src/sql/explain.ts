import { jsonList } from './json-list.ts';
import { isSuspect } from './suspicion.ts';

const ms = (time: string) => `extract(epoch from ${time})::float8 * 1000`;

/** Workers that one answer names. */
const MOST_TOLD = 20;

/** Of the task `t` and the worker `w`. */
const SERVES_QUEUE = `exists (select from json_array_elements_text(${jsonList("w.info->'queues'")}) q(name) where q.name = t.queue)`;

/** The same: it has a handler for the contract, of the version and the schema that the task was last passed on for. */
const FITS = `(exists (
    select from json_to_recordset(${jsonList('w.serves')}) s(name text, version int, fingerprint text)
    where s.name = t.name and coalesce(s.version >= (t.passed_on->>'version')::int, true)
      and coalesce(s.fingerprint = t.passed_on->>'fingerprint', t.passed_on->>'fingerprint' is null))
  or w.serves is null and t.passed_on->>'fingerprint' is null and (json_typeof(w.info->'contracts') is distinct from 'array'
    or exists (select from json_array_elements_text(${jsonList("w.info->'contracts'")}) c(name) where c.name = t.name)))`;

/** What the worker `w` serves, the first 100 by name. Null: it does not tell. */
const CONTRACTS = `(
  select json_agg(json_build_object('name', c.name, 'version', c.version) order by c.name) from (
    select s.name, s.version from json_to_recordset(${jsonList('w.serves')}) s(name text, version int)
    union all select o.name, null from json_array_elements_text(${jsonList("w.info->'contracts'")}) o(name) where w.serves is null
    order by name limit 100) c)`;

/** All that is known of one task in one statement, so that it is of one moment. $1 id */
export const EXPLAIN = {
  name: 'tasks-explain',
  text: `
select t.*, now() as at, coalesce(t.expires_at <= now(), false) as expired,
  (select json_build_object('at', ${ms('q.paused_at')}, 'actor', q.paused_by, 'reason', q.paused_why)
   from queues q where q.name = t.queue and q.paused_at is not null) as pause,
  (select json_build_object('name', w.name, 'info', w.info, 'leaseUntil', ${ms('w.lease_until')}, 'alive', w.lease_until > now())
   from workers w where w.id = t.claim_worker) as holder,
  (select json_build_object('dueAt', ${ms('o.due_at')}, 'due', o.due_at <= now())
   from outbox o where o.task_id = t.id and o.turn = t.turn and isfinite(o.due_at)) as message_here,
  case when t.claim_worker is null and t.finished_at is null then coalesce((
    select json_build_object('kind', 'concurrency', 'key', f.key, 'limit', f.most,
      'inUse', (select count(*) from limit_slots s where s.limit_key = f.key),
      'holders', (
        select coalesce(json_agg(json_build_object('id', h.task_id, 'since', ${ms('h.taken_at')},
          'worker', (select r.worker from tasks r where r.id = h.task_id and r.claim_worker is not null)) order by h.taken_at, h.task_id), '[]')
        from (select * from limit_slots s where s.limit_key = f.key order by s.taken_at, s.task_id limit 20) h),
      'before', (
        select count(*) from outbox b where b.limit_key = f.key and (b.limit_since, b.task_id) < (o.limit_since, o.task_id)))
    from outbox o join limits_in_force f on f.key = o.limit_key where o.task_id = t.id and o.turn = t.turn
  ), (
    select json_build_object('kind', 'rate', 'key', f.key, 'intervalMs', f.interval_ms, 'dueAt', ${ms('k.due_at')})
    from limit_tickets k join limits_in_force f on f.key = k.limit_key
    where k.task_id = t.id and k.turn = t.turn and k.due_at > now())) end as held_back,
  (select json_build_object('outcome', a.outcome, 'error', a.error, 'startedAt', ${ms('a.started_at')}, 'endedAt', ${ms('a.ended_at')})
   from attempts a where a.task_id = t.id order by a.ended_at desc, a.claim_no desc limit 1) as last_attempt,
  (select json_build_object('id', d.id, 'reason', d.reason) from dead_letters d where d.task_id = t.id order by d.id desc limit 1) as dead_letter,
  s.serve_queue, s.serve_contract,
  case when (t.passed_on->>'turn')::int = t.turn then t.passed_on end as passed_on,
  case when s.serve_contract = 0 then (
    select coalesce(json_agg(json_build_object('worker', w.name, 'contracts', ${CONTRACTS}) order by w.name, w.id), '[]') from (
      select * from workers w where w.lease_until > now() and ${SERVES_QUEUE} order by w.name, w.id limit ${MOST_TOLD}) w) end as serving,
  case when s.serve_contract = 0 then (
    select coalesce(json_agg(json_build_object('worker', w.name, 'queues', w.info->'queues') order by w.name, w.id), '[]') from (
      select * from workers w where w.lease_until > now() and not ${SERVES_QUEUE} and ${FITS} order by w.name, w.id limit ${MOST_TOLD}) w) end as elsewhere,
  case when ${isSuspect('t')} and t.finished_at is null and t.claim_worker is null then (
    select count(*)::int from tasks q where q.quarantine_group is not null and q.finished_at is null and q.claim_worker is null
      and q.id < t.id) end as quarantine_before
from tasks t, lateral (
  select count(*)::int as serve_queue, (count(*) filter (where ${FITS}))::int as serve_contract
  from workers w where w.lease_until > now() and ${SERVES_QUEUE}) s
where t.id = $1`,
};
