import { countEnded } from './count-ended.ts';

/**
 * Reports of workers of other platforms, one a task. Only foreign tasks; one that a worker of ours holds, or that has ended, is left alone. `ended_state` rather than `finished_at`, as in cancel.ts.
 * $1 ids · $2 states · $3 values · $4 errors · $5 workers · $6 terminal states · $7 may be told again
 */
export const FOREIGN_REPORT = {
  name: 'foreign-report',
  text: `
with written as (
  update tasks t set state = s.state,
    worker = coalesce(s.worker, t.worker),
    started_at = coalesce(t.started_at, case when s.state <> 'EXPIRED' and s.state <> 'REVOKED' then now() end),
    retries = t.retries + (s.state = 'RETRY' and not (s.repeats and t.state = 'RETRY'))::int,
    progress = case when s.state = 'PROGRESS' then s.value else t.progress end,
    progress_no = t.progress_no + (s.state = 'PROGRESS')::int,
    result = case when s.state = 'SUCCESS' then s.value end,
    error = case when s.state = any($6::text[]) then s.error end,
    finished_at = case when s.state = any($6::text[]) then now() end
  from (select * from unnest($1::uuid[], $2::text[], $3::json[], $4::json[], $5::text[], $7::bool[])
    as s(id, state, value, error, worker, repeats) order by id) s
  where t.id = s.id and t.claim_worker is null and t.ended_state is null and t.message->>'foreign' is not null
  returning t.id, t.state, t.ended_state, t.message->>'replyTo' as inbox),
ended as (select ended_state from written where ended_state is not null),${countEnded('ended')}
select id, state, inbox, true as changed from written
union all
select t.id, t.state, t.message->>'replyTo', false from tasks t
where t.id = any($1::uuid[]) and t.message->>'foreign' is not null and not exists (select from written w where w.id = t.id)`,
};
