import { revokedError } from './cancel.ts';
import { NEW_TASK_COLUMNS, NEW_TASK_PARAMETERS, NEW_TASK_SELECT, newTaskUnnest, sameTask } from './columns.ts';
import { countEnded } from './count-ended.ts';

/** Collectors write one after the other: each must see what another wrote of the same message. Any number that is nobody else's. */
export const DEAD_LETTERS_LOCK = {
  name: 'dead-letters-lock',
  text: `select pg_advisory_xact_lock(7165091482301554)`,
};

/**
 * Writes those that are not there, and answers all, each with the dead letter that stands for it. Of a fingerprint that may have been
 * delivered before, one dead letter is enough; a first delivery is written beside equal ones, unless that one was written from a later
 * delivery: then it is the same, and this write the late one of a collector that is gone. Nor is a write that is repeated, since its
 * answer was lost, with the same ids.
 * $1 ids · $2 fingerprints · $3 redelivered · $4 queues · $5 reasons · $6 codes · $7 details · $8 task ids · $9 wire ids · $10 names ·
 * $11 generations · $12 headers · $13 content types · $14 encodings · $15 bodies · $16 sizes · $17 died at, ms · $18 priorities
 */
export const KEEP_DEAD_LETTERS = {
  name: 'dead-letters-keep',
  text: `
with given as materialized (
  select s.*, row_number() over (partition by s.fingerprint order by s.redelivered, s.id) as nth from unnest(
    $1::uuid[], $2::text[], $3::bool[], $4::text[], $5::text[], $6::text[], $7::text[], $8::uuid[], $9::text[], $10::text[],
    $11::int[], $12::json[], $13::text[], $14::text[], $15::bytea[], $16::int[], $17::float8[], $18::int[])
  as s(id, fingerprint, redelivered, queue, reason, code, detail, task_id, wire_id, name, turn, headers, content_type,
    content_encoding, body, body_size, died_at, priority)),
there as materialized (
  select g.id as given_id, d.id, d.outcome from given g cross join lateral (
    select d.id, d.outcome from dead_letters d where d.fingerprint = g.fingerprint and (d.id = g.id or g.redelivered or d.redelivered)
    order by d.id <> g.id, d.id limit 1) d),
fresh as (
  insert into dead_letters (id, fingerprint, redelivered, queue, reason, code, detail, task_id, wire_id, name, turn, headers,
    content_type, content_encoding, body, body_size, died_at, outcome, priority)
  select id, fingerprint, redelivered, queue, reason, code, detail, task_id, wire_id, name, turn, headers, content_type,
    content_encoding, body, body_size, to_timestamp(died_at / 1000), case when task_id is null then 'none' end, priority
  from given where not (redelivered and nth > 1) and not exists (select from there where given_id = given.id)
  returning id, fingerprint)
select g.id as given_id, coalesce(t.id, f.id, (select min(o.id::text)::uuid from fresh o where o.fingerprint = g.fingerprint)) as id,
  t.outcome
from given g left join there t on t.given_id = g.id left join fresh f on f.id = g.id`,
};

const P = NEW_TASK_PARAMETERS;

/** The row waits for that message: live, unclaimed, of its generation or an earlier one. */
const WAITS = (generation: string): string =>
  `t.finished_at is null and t.claim_worker is null and ${generation} >= t.turn`;

/**
 * Gives the rows that dead letters name an outcome, one dead letter a task. A message of the same generation in the outbox is on its way, or, leased,
 * may be the dead one itself that nobody has noted yet: then nothing is decided. What was cancelled or has expired ends so.
 * Where there is no row and none was before the message, it is made: the submit that comes to write it finds it ended.
 * $1… new-task data · $${P + 1} dead letters · $${P + 2} generations (no header: 0, the first) · $${P + 3} had a row · $${P + 4} to be sent again · $${P + 5} errors
 */
export const DECIDE_DEAD_LETTERS = {
  name: 'dead-letters-decide',
  text: `
with given as materialized (
  select * from unnest(${newTaskUnnest(1)}, $${P + 1}::uuid[], $${P + 2}::int[], $${P + 3}::bool[], $${P + 4}::bool[], $${P + 5}::json[])
    as s(${NEW_TASK_COLUMNS}, dead_letter, turn, had_row, send_again, error)),
undecided as materialized (
  select distinct g.id from given g join outbox o on o.task_id = g.id and o.turn = g.turn
  where o.leased_until > now() and o.due_at <= now() + interval '1 s'),
named as materialized (
  select distinct on (g.id) g.* from given g
  where not exists (select from undecided u where u.id = g.id)
    and not exists (select from outbox o where o.task_id = g.id and o.turn >= g.turn)
    and (not g.had_row or exists (select from tasks t where t.id = g.id))
  order by g.id, g.turn desc),
again as (
  insert into outbox (task_id, turn, due_at)
  select t.id, t.turn, now() from named s join tasks t on t.id = s.id
  where ${sameTask('s.name')} and s.send_again and ${WAITS('s.turn')} and t.cancel_at is null and (t.expires_at is null or t.expires_at > now())
    and not exists (
      select from dead_letters d where d.task_id = s.id and d.turn = s.turn and d.id <> s.dead_letter and d.outcome = 'sent_again')
  on conflict do nothing returning task_id),
written as (
  insert into tasks as t (${NEW_TASK_COLUMNS}, state, turn, error, finished_at)
  select ${NEW_TASK_SELECT}, 'FAILURE', s.turn, s.error, now() from named s
  where not exists (select from again a where a.task_id = s.id) order by s.id
  on conflict (id) do update set finished_at = now(),
    state = case when t.cancel_at is not null then 'REVOKED' when t.expires_at <= now() then 'EXPIRED' else 'FAILURE' end,
    error = case when t.cancel_at is not null then ${revokedError('t')} when t.expires_at <= now() then t.error else excluded.error end
  where ${sameTask('excluded.name')} and ${WAITS('excluded.turn')} returning t.id, t.ended_state),
ended as (select ended_state from written),${countEnded('ended')},
decided as (
  update dead_letters d set outcome = case
    when exists (select from written w where w.id = g.id) then 'ended'
    when exists (select from again a where a.task_id = g.id) then 'sent_again' else 'none' end
  from given g where d.id = g.dead_letter and not exists (select from undecided u where u.id = g.id)
  returning d.id, d.outcome, g.id as task_id)
select d.id, d.outcome, coalesce(w.ended_state = 'FAILURE', false) as failed
from decided d left join written w on w.id = d.task_id`,
};

/**
 * Ends tasks whose input fits no contract and keeps their messages, in one: a dead letter only of a task that ends by it.
 * $1… new-task data · $${P + 1} dead letters · $${P + 2} details · $${P + 3} generations (no header: 0, the first) · $${P + 4} had a row · $${P + 5} headers ·
 * $${P + 6} content types · $${P + 7} encodings · $${P + 8} bodies · $${P + 9} sizes · $${P + 10} errors · $${P + 11} worker. Answers ids of tasks.
 */
export const HOLD_INPUTS = {
  name: 'dead-letters-hold',
  text: `
with given as materialized (
  select * from unnest(${newTaskUnnest(1)}, $${P + 1}::uuid[], $${P + 2}::text[], $${P + 3}::int[], $${P + 4}::bool[], $${P + 5}::json[],
    $${P + 6}::text[], $${P + 7}::text[], $${P + 8}::bytea[], $${P + 9}::int[], $${P + 10}::json[])
    as s(${NEW_TASK_COLUMNS}, dead_letter, detail, turn, had_row, headers, content_type, content_encoding, body, body_size, error)),
written as (
  insert into tasks as t (${NEW_TASK_COLUMNS}, state, turn, worker, error, finished_at)
  select ${NEW_TASK_SELECT}, 'FAILURE', s.turn, $${P + 11}, s.error, now() from given s
  where not s.had_row or exists (select from tasks e where e.id = s.id) order by s.id
  on conflict (id) do update set state = 'FAILURE', worker = excluded.worker, error = excluded.error, finished_at = now()
  where t.name = excluded.name and ${WAITS('excluded.turn')} and t.cancel_at is null and (t.expires_at is null or t.expires_at > now())
  returning t.id, t.ended_state),${countEnded('written')},
stale as (delete from outbox o using written w where o.task_id = w.id),
kept as (
  insert into dead_letters (id, fingerprint, redelivered, queue, reason, code, detail, task_id, wire_id, name, turn, headers, content_type,
    content_encoding, body, body_size, died_at, outcome, priority)
  select s.dead_letter, 'held:' || s.dead_letter, true, s.queue, 'input_invalid', 'input_invalid', s.detail, s.id, s.wire_id, s.name, s.turn, s.headers,
    s.content_type, s.content_encoding, s.body, s.body_size, now(), 'ended', s.priority
  from given s join written w on w.id = s.id)
select id from written`,
};

/** $1 ids */
export const GET_DEAD_LETTERS = {
  name: 'dead-letters-get',
  text: 'select * from dead_letters where id = any($1::uuid[])',
};

/** $1 id */
export const REMOVE_DEAD_LETTER = {
  name: 'dead-letters-remove',
  text: 'delete from dead_letters where id = $1 returning id',
};

/**
 * Tasks, their messages and the notes at the dead letters in one, each dead letter once: a redrive that came in between is seen under the lock.
 * $1… tasks · $${P + 1} dead letters · $${P + 2} delays ms · $${P + 3} actor
 */
export const REDRIVE_DEAD_LETTERS = {
  name: 'dead-letters-redrive',
  text: `
with s as materialized (
  select * from unnest(${newTaskUnnest(1)}, $${P + 1}::uuid[], $${P + 2}::float8[]) as s(${NEW_TASK_COLUMNS}, dead_letter, delay)),
l as materialized (
  select d.id from dead_letters d join s on s.dead_letter = d.id where d.redriven_at is null order by d.id for update of d),
row as (
  insert into tasks (${NEW_TASK_COLUMNS}, state)
  select ${NEW_TASK_SELECT}, case when s.delay > 0 then 'SCHEDULED' else 'PENDING' end from s join l on l.id = s.dead_letter order by s.id),
message as (
  insert into outbox (task_id, turn, due_at)
  select s.id, 0, now() + s.delay * interval '1 ms' from s join l on l.id = s.dead_letter)
update dead_letters d set redriven_at = now(), redriven_as = s.id, redriven_by = $${P + 3}::uuid
from s join l on l.id = s.dead_letter where d.id = l.id returning d.id`,
};
