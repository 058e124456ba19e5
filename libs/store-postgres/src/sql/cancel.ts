import { countEnded } from './count-ended.ts';

/** A waiting task ends now and its message, if still with us, goes; a claimed one gets the mark, its holder ends it. $1 id · $2 who · $3 why · $4 claimed ones too */
export const REVOKE = {
  name: 'tasks-revoke',
  text: `
with t as (
  update tasks set cancel_at = coalesce(cancel_at, now()), cancel_by = coalesce(cancel_by, $2), cancel_why = coalesce(cancel_why, $3),
    state = case when claim_worker is null then 'REVOKED' else state end,
    finished_at = case when claim_worker is null then now() end
  where id = $1 and finished_at is null and ($4 or claim_worker is null) returning id, claim_worker, ended_state),
ended as (select ended_state from t where ended_state is not null),${countEnded('ended')},
message as (delete from outbox o using t where o.task_id = t.id and t.claim_worker is null)
select claim_worker from t`,
};

/** Ends an unclaimed task that was cancelled or whose time passed; answers its state either way. $1 id */
export const END_UNCLAIMED = {
  name: 'tasks-end-unclaimed',
  text: `
with ended as (
  update tasks set state = case when cancel_at is not null then 'REVOKED' else 'EXPIRED' end, finished_at = now()
  where id = $1 and claim_worker is null and finished_at is null and (cancel_at is not null or expires_at <= now())
  returning id, state, ended_state),${countEnded('ended')}
select coalesce((select state from ended), (select state from tasks where id = $1)) as state`,
};
