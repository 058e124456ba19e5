import { countEnded } from './count-ended.ts';

/**
 * What a task that ended REVOKED keeps as its error: the actor, the reason and the time of the cancel. `of` names the row; a statement that
 * makes the cancel request itself gives what it sets.
 */
export const revokedError = (
  of: string,
  { at = `${of}.cancel_at`, actor = `${of}.cancel_by`, reason = `${of}.cancel_why` } = {},
): string => `json_build_object('type', 'Revoked', 'message', coalesce(${reason}, 'the task was revoked'), 'data',
    json_build_object('actor', ${actor}, 'reason', ${reason}, 'at', to_char(${at} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')))`;

// The first cancel request stands: its actor and reason are not overwritten by later ones.
const REQUEST = {
  at: 'coalesce(t.cancel_at, now())',
  actor: 'case when t.cancel_at is null then $2 else t.cancel_by end',
  reason: 'case when t.cancel_at is null then $3 else t.cancel_why end',
};

/**
 * Waiting tasks end now and their messages, if still with us, go; claimed ones get the cancel request, their holders end them. Locked in
 * the order of their ids. `ended_state` rather than `finished_at`: the index of live tasks must not tempt the planner.
 * $1 ids · $2 actor · $3 reason · $4 claimed ones too
 */
export const REVOKE = {
  name: 'tasks-revoke',
  text: `
with given as materialized (select distinct id from unnest($1::uuid[]) as g(id)),
l as materialized (
  select t.id from tasks t join given using (id)
  where t.ended_state is null and ($4::bool or t.claim_worker is null) order by t.id for update of t),
t as (
  update tasks t set cancel_at = ${REQUEST.at}, cancel_by = ${REQUEST.actor}, cancel_why = ${REQUEST.reason},
    state = case when t.claim_worker is null then 'REVOKED' else t.state end,
    error = case when t.claim_worker is null then ${revokedError('t', REQUEST)} else t.error end,
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

/** Cancel requests for a worker's running tasks. $1 worker · $2 ids · $3 claim numbers */
export const CANCEL_REQUESTED = {
  name: 'tasks-cancel-requested',
  text: `
select t.id, t.cancel_by as actor, t.cancel_why as reason
from unnest($2::uuid[], $3::bigint[]) as s(id, no) join tasks t using (id)
where t.claim_worker = $1 and t.claim_no = s.no and t.cancel_at is not null`,
};
