const ms = (time: string) => `extract(epoch from ${time})::float8 * 1000`;

/** All facts of one task in one statement, so that they are of one moment. $1 id */
export const EXPLAIN = {
  name: 'tasks-explain',
  text: `
select t.*, now() as at, coalesce(t.expires_at <= now(), false) as expired,
  (select json_build_object('at', ${ms('q.paused_at')}, 'by', q.paused_by, 'why', q.paused_why)
   from queues q where q.name = t.queue and q.paused_at is not null) as pause,
  (select json_build_object('name', w.name, 'info', w.info, 'leaseUntil', ${ms('w.lease_until')}, 'alive', w.lease_until > now())
   from workers w where w.id = t.claim_worker) as holder,
  (select json_build_object('dueAt', ${ms('o.due_at')}, 'due', o.due_at <= now())
   from outbox o where o.task_id = t.id and o.turn = t.turn and isfinite(o.due_at)) as message_here,
  (select json_build_object('outcome', a.outcome, 'error', a.error, 'startedAt', ${ms('a.started_at')}, 'endedAt', ${ms('a.ended_at')})
   from attempts a where a.task_id = t.id order by a.ended_at desc, a.claim_no desc limit 1) as last_attempt,
  s.serve_queue, s.serve_contract
from tasks t, lateral (
  select count(*)::int as serve_queue,
    (count(*) filter (where json_typeof(w.info->'contracts') is distinct from 'array' or exists (
      select from json_array_elements_text(w.info->'contracts') c(name) where c.name = t.name)))::int as serve_contract
  from workers w where w.lease_until > now() and json_typeof(w.info->'queues') = 'array'
    and exists (select from json_array_elements_text(w.info->'queues') q(name) where q.name = t.queue)) s
where t.id = $1`,
};
