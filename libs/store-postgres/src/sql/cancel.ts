import { countEnded } from './count-ended.ts';

/**
 * What a task that ended REVOKED keeps as its error: who called it off, why and when. `of` names the row; a statement that
 * sets the mark itself gives what it sets.
 */
export const revokedError = (
  of: string,
  { at = `${of}.cancel_at`, by = `${of}.cancel_by`, why = `${of}.cancel_why` } = {},
): string => `json_build_object('type', 'Revoked', 'message', coalesce(${why}, 'the task was revoked'), 'data',
    json_build_object('actor', ${by}, 'reason', ${why}, 'at', to_char(${at} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')))`;

// The first mark stands: who called it off, and why, is not overwritten by who came later.
const MARK = {
  at: 'coalesce(t.cancel_at, now())',
  by: 'case when t.cancel_at is null then $2 else t.cancel_by end',
  why: 'case when t.cancel_at is null then $3 else t.cancel_why end',
};

/**
 * Waiting tasks end now and their messages, if still with us, go; claimed ones get the mark, their holders end them. Locked in
 * the order of their ids. `ended_state` rather than `finished_at`: the index of live tasks must not tempt the planner.
 * $1 ids · $2 who · $3 why · $4 claimed ones too
 */
export const REVOKE = {
  name: 'tasks-revoke',
  text: `
with given as materialized (select distinct id from unnest($1::uuid[]) as g(id)),
l as materialized (
  select t.id from tasks t join given using (id)
  where t.ended_state is null and ($4::bool or t.claim_worker is null) order by t.id for update of t),
t as (
  update tasks t set cancel_at = ${MARK.at}, cancel_by = ${MARK.by}, cancel_why = ${MARK.why},
    state = case when t.claim_worker is null then 'REVOKED' else t.state end,
    error = case when t.claim_worker is null then ${revokedError('t', MARK)} else t.error end,
    finished_at = case when t.claim_worker is null then now() end
  from l where t.id = l.id
  returning t.id, t.claim_worker, t.ended_state, t.error, t.message, coalesce(t.wire_id, t.id::text) as public_id),
ended as (select ended_state from t where ended_state is not null),${countEnded('ended')},
message as (delete from outbox o using t where o.task_id = t.id and t.claim_worker is null)
select given.id, t.id is not null as reached, coalesce(t.claim_worker, r.claim_worker) as claim_worker, r.id is not null as known,
  r.ended_state, t.error, t.public_id, t.message->>'replyTo' as reply_to, t.message->>'correlationId' as correlation_id,
  t.message->>'ignoreResult' as ignore_result
from given left join t using (id) left join tasks r on r.id = given.id`,
};

/** Ends an unclaimed task that was cancelled or whose time passed; answers its state either way. $1 id */
export const END_UNCLAIMED = {
  name: 'tasks-end-unclaimed',
  text: `
with ended as (
  update tasks t set state = case when cancel_at is not null then 'REVOKED' else 'EXPIRED' end, finished_at = now(),
    error = case when cancel_at is not null then ${revokedError('t')} else error end
  where id = $1 and claim_worker is null and finished_at is null and (cancel_at is not null or expires_at <= now())
  returning id, state, ended_state),${countEnded('ended')}
select coalesce((select state from ended), (select state from tasks where id = $1)) as state`,
};

/** Those of a worker's running tasks that were called off. $1 worker · $2 ids · $3 claim numbers */
export const MARKED = {
  name: 'tasks-marked',
  text: `
select t.id, t.cancel_by as by, t.cancel_why as why
from unnest($2::uuid[], $3::bigint[]) as s(id, no) join tasks t using (id)
where t.claim_worker = $1 and t.claim_no = s.no and t.cancel_at is not null`,
};
