import { revokedError } from './cancel.ts';
import { countEnded } from './count-ended.ts';
import { NEW_TASK_COLUMNS, NEW_TASK_PARAMETERS, NEW_TASK_SELECT, newTaskUnnest, sameTask } from './columns.ts';

/**
 * Ends attempts whose claim is still ours. The ids come sorted and a nested loop updates in their order (see `PLANNING` in
 * database.ts), so two recorders do not deadlock; should they ever, the loser is repeated.
 * A row with a claim is never terminal. Saying so (`finished_at is null`) would offer the planner the index of live tasks, which
 * it then reads whole for each batch when its statistics know the table as empty.
 * A task that was cancelled before this ends REVOKED, whatever its handler came to: `revoked` is its error then.
 * $1 worker · $2 ids · $3 claim numbers · $4 states · $5 results · $6 errors
 */
export const RECORD = { name: 'tasks-record', text: record('') };

/** The same where some free slots of a limit, whose keys are taken first (see limits.ts). $7 keys */
export const RECORD_LIMITED = { name: 'tasks-record-limited', text: record(keysFirst(7)) };

function record(where: string): string {
  return `
with ended as (
  update tasks t set state = case when t.cancel_at is null then s.state else 'REVOKED' end,
    result = case when t.cancel_at is null then s.result end,
    error = case when t.cancel_at is null then s.error else ${revokedError('t')} end,
    finished_at = now(), claim_worker = null, claim_no = null
  from (
    select * from unnest($2::uuid[], $3::bigint[], $4::text[], $5::json[], $6::json[]) as s(id, no, state, result, error)
    ${where} order by id
  ) s
  where t.id = s.id and t.claim_worker = $1 and t.claim_no = s.no
  returning t.id, t.ended_state, case when t.cancel_at is not null then t.error end as revoked),${countEnded('ended')}
select id, revoked from ended`;
}

/** A condition that holds, found out before any row of the statement is touched. */
function keysFirst(parameter: number): string {
  return `where (select limits_lock($${parameter}::text[]))`;
}

const P = NEW_TASK_PARAMETERS;

/** One row a task, written when it ends (\`record: 'final'\`). The first to record wins. */
export const RECORD_FINAL = {
  name: 'tasks-record-final',
  text: `
with ended as (
insert into tasks as t (${NEW_TASK_COLUMNS}, state, retries, worker, result, error, started_at, finished_at)
select ${NEW_TASK_SELECT}, s.state, s.retries, s.worker, s.result, s.error, to_timestamp(s.started_at / 1000), now()
from unnest(${newTaskUnnest(1)}, $${P + 1}::text[], $${P + 2}::int[], $${P + 3}::text[], $${P + 4}::json[], $${P + 5}::json[], $${P + 6}::float8[])
  as s(${NEW_TASK_COLUMNS}, state, retries, worker, result, error, started_at) order by s.id
on conflict (id) do update set state = excluded.state, retries = excluded.retries, worker = excluded.worker, result = excluded.result,
  error = excluded.error, started_at = excluded.started_at, finished_at = excluded.finished_at
where ${sameTask('excluded.name')} and t.finished_at is null and t.claim_worker is null returning t.ended_state),${countEnded('ended')}
select from ended limit 0`,
};

/**
 * Ends attempts with another to come: the generation is raised and its message goes into the outbox, in one commit.
 * A task that was cancelled has no other to come: it ends REVOKED, and `revoked` is its error.
 * $1 worker · $2 ids · $3 claim numbers · $4 kinds · $5 delays ms · $6 errors · $7 groups of suspects
 */
export const POSTPONE = { name: 'tasks-postpone', text: postpone('') };

/** As {@link RECORD_LIMITED}. */
export const POSTPONE_LIMITED = { name: 'tasks-postpone-limited', text: postpone(keysFirst(8)) };

function postpone(where: string): string {
  return `
with s as (
  select * from unnest($2::uuid[], $3::bigint[], $4::text[], $5::float8[], $6::json[], $7::int[])
    as s(id, no, kind, delay, error, quarantine_group) ${where}),
l as materialized (
  select t.id, t.turn, t.started_at, t.cancel_at is not null as revoked from tasks t join s using (id)
  where t.claim_worker = $1 and t.claim_no = s.no order by t.id for update of t),
attempt as (
  insert into attempts (task_id, worker, claim_no, outcome, error, started_at)
  select s.id, $1, s.no, case s.kind when 'retry' then 'RETRY' when 'snooze' then 'SNOOZED' when 'crash' then 'CRASHED' when 'suspect' then 'CRASHED' else 'RELEASED' end, s.error, l.started_at
  from s join l using (id) where not l.revoked on conflict do nothing),
message as (
  insert into outbox (task_id, turn, due_at)
  select s.id, l.turn + 1, now() + s.delay * interval '1 ms' from s join l using (id) where not l.revoked
  on conflict do nothing),
written as (
  update tasks t set claim_worker = null, claim_no = null, turn = t.turn + (not l.revoked)::int,
    state = case when l.revoked then 'REVOKED' when s.kind in ('retry', 'crash') then 'RETRY' when s.kind = 'snooze' then 'SCHEDULED' else 'QUEUED' end,
    retries = t.retries + (s.kind = 'retry' and not l.revoked)::int,
    crashes = t.crashes + (s.kind = 'crash' and not l.revoked)::int,
    quarantine_group = case s.kind when 'crash' then 1 when 'suspect' then s.quarantine_group else t.quarantine_group end,
    eta = case when l.revoked or s.kind in ('release', 'suspect') then t.eta else now() + s.delay * interval '1 ms' end,
    error = case when l.revoked then ${revokedError('t')} else t.error end,
    finished_at = case when l.revoked then now() end
  from s join l using (id) where t.id = s.id
  returning t.id, t.ended_state, case when l.revoked then t.error end as revoked),
ended as (select ended_state from written where ended_state is not null),${countEnded('ended')}
select id, revoked from written`;
}

/** The same without a claim: the row is made, or raised, now. A claim that is there guards the task itself, and is left alone. */
export const POSTPONE_UNCLAIMED = {
  name: 'tasks-postpone-unclaimed',
  text: `
with s as (
  select * from unnest(${newTaskUnnest(1)}, $${P + 1}::int[], $${P + 2}::int[], $${P + 3}::text[], $${P + 4}::float8[], $${P + 5}::int[])
    as s(${NEW_TASK_COLUMNS}, turn, retries, kind, delay, crashes)),
row as (
  insert into tasks as t (${NEW_TASK_COLUMNS}, state, turn, retries, crashes)
  select ${NEW_TASK_SELECT}, case s.kind when 'snooze' then 'SCHEDULED' else 'RETRY' end, s.turn + 1, s.retries, s.crashes from s order by s.id
  on conflict (id) do update set state = excluded.state, turn = excluded.turn, retries = excluded.retries, crashes = excluded.crashes
  where t.name = excluded.name and t.finished_at is null and t.claim_worker is null and t.turn < excluded.turn returning t.id, t.turn)
insert into outbox (task_id, turn, due_at) select row.id, row.turn, now() + s.delay * interval '1 ms' from row join s using (id)
on conflict do nothing`,
};

/** Errors that nobody caught, added to the rows of their tasks. Each id stands once. $1 ids · $2 how many · $3 the last of each */
export const NOTE_ESCAPED = {
  name: 'tasks-note-escaped',
  text: `
update tasks t set escaped = json_build_object('count', coalesce((t.escaped->>'count')::int, 0) + s.n, 'last', s.last)
from (select * from unnest($1::uuid[], $2::int[], $3::json[]) as s(id, n, last) order by id) s where t.id = s.id`,
};

/** Latest progress, where the claim is still ours. $1 worker · $2 ids · $3 claim numbers · $4 progress */
export const PROGRESS = {
  name: 'tasks-progress',
  text: `
update tasks t set state = 'PROGRESS', progress = s.progress, progress_no = t.progress_no + 1
from (select * from unnest($2::uuid[], $3::bigint[], $4::json[]) as s(id, no, progress) order by id) s
where t.id = s.id and t.claim_worker = $1 and t.claim_no = s.no`,
};
