import { revokedError } from './cancel.ts';
import { countEnded } from './count-ended.ts';
import { afterDeath, isSuspect, lostError } from './suspicion.ts';
import { NEW_TASK_COLUMNS, NEW_TASK_PARAMETERS, NEW_TASK_SELECT, newTaskUnnest } from './columns.ts';

const P = NEW_TASK_PARAMETERS;

/**
 * Records tasks as run by a worker whose lease holds; makes the row of a message whose producer has not (or never) written it.
 * What is not returned was not granted. Repeating it with the same claim numbers grants the same.
 * A row that its producer commits while the claim waits for it was made after the claim began: no task starts before it was made.
 * Suspects are granted to the quarantine only: a task is STARTED when it runs, not when it has yet to wait until it runs alone.
 * $1 worker id · $2 worker name · then the columns of the tasks · generations (-1: header absent) · claim numbers · had_row · also suspects
 */
export const CLAIM = { name: 'tasks-claim', text: claim(P + 6, 'now()', '', '', '', '') };

/**
 * The same for tasks with limits: each notes the concurrency key whose slot it has. Then also: keys, null for none · the moment at
 * which they were let start, ms since the epoch: rates count by it · also suspects.
 */
export const CLAIM_LIMITED = {
  name: 'tasks-claim-limited',
  text: claim(
    P + 8,
    `to_timestamp($${P + 7}::float8 / 1000)`,
    ', limit_key',
    `, $${P + 6}::text[]`,
    ', s.limit_key',
    ', limit_key = excluded.limit_key',
  ),
};

function claim(
  suspects: number,
  startedAt: string,
  column: string,
  parameter: string,
  value: string,
  set: string,
): string {
  return `
insert into tasks as t (${NEW_TASK_COLUMNS}, state, turn, claim_worker, claim_no, worker, started_at${column})
select ${NEW_TASK_SELECT}, 'STARTED', s.turn, $1::uuid, s.no, $2, ${startedAt}${value}
from unnest(${newTaskUnnest(3)}, $${P + 3}::int[], $${P + 4}::bigint[], $${P + 5}::bool[]${parameter})
  as s(${NEW_TASK_COLUMNS}, turn, no, had_row${column})
where (not s.had_row or exists (select from tasks e where e.id = s.id))
  and exists (select from workers w where w.id = $1 and w.lease_until > now())
  and (s.expires_at is null or to_timestamp(s.expires_at / 1000) > now() or exists (select from tasks e where e.id = s.id))
order by s.id
on conflict (id) do update set state = 'STARTED', turn = greatest(t.turn, excluded.turn), claim_worker = excluded.claim_worker,
  claim_no = excluded.claim_no, worker = excluded.worker, started_at = greatest(excluded.started_at, t.created_at)${set}
where t.name = excluded.name and t.finished_at is null and t.cancel_at is null and (t.expires_at is null or t.expires_at > now())
  and (excluded.turn >= t.turn or excluded.turn = -1) and ($${suspects}::bool or not ${isSuspect('t')})
  and (t.claim_worker is null or (t.claim_worker, t.claim_no) = (excluded.claim_worker, excluded.claim_no))
returning t.id, t.retries, t.suspected, t.crashes`;
}

/** Tasks that ran together in a worker of which nothing is left to tell it. */
const UNKNOWN = 1000;
const TAKEN = afterDeath('f', 'dead', `coalesce(dead.together, ${UNKNOWN})`);

/**
 * Compare-and-set from a dead holder. A cancelled task is not run again: it ends REVOKED.
 * $1 worker id · $2 worker name · $3 task · $4 new claim number · $5, $6 the dead claim · $7 only end that claim · $8 claim
 * also what is a suspect now; else it waits for the quarantine, unclaimed
 */
export const TAKE_OVER = {
  name: 'tasks-take-over',
  text: `
with found as materialized (
  select id, started_at, cancel_at is not null as revoked, suspicion, quarantine_group, crashes from tasks
  where id = $3 and claim_worker = $5 and claim_no = $6
    and exists (select from workers w where w.id = $1 and w.lease_until > now()) for update),
dead as materialized (
  select w.id, w.stopping, w.memory_mb, w.first_memory_mb,
    coalesce(w.held, (select count(*)::int from tasks h where h.claim_worker = w.id and h.finished_at is null)) as together
  from workers w where w.id = $5 and exists (select from found)),
noted as (update workers w set held = dead.together from dead where w.id = dead.id and w.held is null),
weighed as (
  select f.id, f.started_at, f.revoked, f.crashes, dead.stopping, dead.memory_mb, dead.first_memory_mb, coalesce(dead.together, ${UNKNOWN}) as together,
    ${TAKEN.suspicion} as suspicion, ${TAKEN.group} as quarantine_group
  from found f left join dead on true),
old as (select w.*, not w.revoked and not $7::bool and ($8::bool or not ${isSuspect('w')}) as claimed from weighed w),
lost as (
  insert into attempts (task_id, worker, claim_no, outcome, error, started_at)
  select id, $5, $6, 'LOST', ${lostError('old', 'old.together')}, started_at from old where not revoked on conflict do nothing),
taken as (
  update tasks t set state = case when old.revoked then 'REVOKED' when old.claimed then 'STARTED' else 'QUEUED' end,
    claim_worker = case when old.claimed then $1::uuid end, claim_no = case when old.claimed then $4::bigint end,
    worker = case when old.claimed then $2 else t.worker end, started_at = case when old.claimed then now() else t.started_at end,
    error = case when old.revoked then ${revokedError('t')} else t.error end,
    finished_at = case when old.revoked then now() end, suspected = t.suspected + 1,
    suspicion = old.suspicion, quarantine_group = old.quarantine_group
  from old where t.id = old.id returning t.id, t.retries, t.suspected, t.crashes, t.ended_state, t.claim_worker),
ended as (select ended_state from taken where ended_state is not null),${countEnded('ended')}
select id, retries, suspected, crashes, ended_state is not null as revoked, claim_worker is null as released from taken`,
};

/** $1 times, ms since the epoch → whether each has passed, in their order */
export const PASSED = {
  name: 'tasks-passed',
  text: `select to_timestamp(at / 1000) <= now() as passed from unnest($1::float8[]) with ordinality as s(at, n) order by n`,
};

/**
 * Rows as they stand, with the life of their holders. A holder is alive while its lease runs and its session lock is held:
 * a killed process loses the lock at once, a partitioned one its lease. For 6 s after a start of Postgres, which drops every
 * lock, the lease alone decides.
 */
export const CLAIM_STATES = {
  name: 'tasks-claim-states',
  text: `
select t.*, t.expires_at <= now() as expired,
  coalesce(w.lease_until > now(), false) and (
    pg_postmaster_start_time() > now() - interval '6 s' or exists (
      select from pg_locks l where l.locktype = 'advisory' and l.objsubid = 1 and l.granted
        and l.database = (select oid from pg_database where datname = current_database())
        and ((l.classid::bigint << 32) | l.objid::bigint) = hashtextextended(w.id::text, 0))) as holder_alive
from tasks t left join workers w on w.id = t.claim_worker where t.id = any($1::uuid[])`,
};
