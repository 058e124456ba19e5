import { NEW_TASK_COLUMNS, NEW_TASK_PARAMETERS, NEW_TASK_SELECT, newTaskUnnest } from './columns.ts';
import { jsonList } from './json-list.ts';
import { SWEEP_BATCH } from './sweep.ts';

/** While a live worker serves the task: the next one who gets it may be that one. Doubled each time, ms. */
const SERVED_FIRST_MS = 50;
const SERVED_LONGEST_MS = 1000;
/** While none does: as long again as it has waited, ms. A worker that comes is told of at once, see {@link WAKE_UNSERVED}. */
const UNSERVED_FIRST_MS = 1000;
const UNSERVED_LONGEST_MS = 600_000;

const NOW_MS = 'extract(epoch from now())::float8 * 1000';

/**
 * What live workers serve in which queue. A worker of an older release tells names without versions, or nothing at all: then its
 * name is null, and it may serve any.
 */
export const LIVE_SERVES = `
serves as materialized (
  select distinct q.queue, c.name, c.version, c.fingerprint
  from workers w
  cross join json_array_elements_text(${jsonList("w.info->'queues'")}) as q(queue)
  cross join lateral (
    select name, version, fingerprint from json_to_recordset(${jsonList('w.serves')}) as s(name text, version int, fingerprint text)
    union all
    select name, null, null from json_array_elements_text(${jsonList("w.info->'contracts'")}) as o(name) where w.serves is null
    union all
    select null, null, null where w.serves is null and json_typeof(w.info->'contracts') is distinct from 'array') c
  where w.lease_until > now())`;

/** Whether a live worker has what the task needs; of a null any will do. An unknown version may be the one, an unknown schema is not. */
export const isServed = (need: { queue: string; name: string; version: string; fingerprint: string }) => `exists (
  select from serves l where l.queue = ${need.queue} and (l.name is null or l.name = ${need.name})
    and (${need.version} is null or l.version is null or l.version >= ${need.version})
    and (${need.fingerprint} is null or l.fingerprint = ${need.fingerprint}))`;

const P = NEW_TASK_PARAMETERS;

/** What was noted at the last pass, if the message at hand is the one that it sent. Null: this pass is the first in a row. */
const BEFORE = `case when (t.passed_on->>'turn')::int = t.turn then t.passed_on end`;

/**
 * Passes tasks on to workers that serve them: the generation is raised, and its message waits in the outbox for a growing pause. No attempt
 * is made of it. The claim on the row must be the given one, or none. A row is made where there is none.
 * A task that no live worker has served for longer than it may wait, or that may not wait, is left as it is, and answered as over.
 * What is not answered was not passed on: its row says why.
 * $1… tasks · $${P + 1} generations (-1: header absent) · $${P + 2} had a row · $${P + 3} workers of claims · $${P + 4} claim numbers · $${P + 5} versions and
 * $${P + 6} fingerprints that are needed · $${P + 7} reasons · $${P + 8} without a row of their own · $${P + 9} longest wait ms · $${P + 10} the same
 * without a row of their own · $${P + 11} keys of limits · $${P + 12} may wait while no live worker serves it
 */
export const PASS_ON = {
  name: 'tasks-pass-on',
  text: `
with given as materialized (
  select * from unnest(${newTaskUnnest(1)}, $${P + 1}::int[], $${P + 2}::bool[], $${P + 3}::uuid[], $${P + 4}::bigint[], $${P + 5}::int[], $${P + 6}::text[],
    $${P + 7}::text[], $${P + 8}::bool[], $${P + 12}::bool[])
    as g(${NEW_TASK_COLUMNS}, turn, had_row, claim_worker, claim_no, need_version, need_fingerprint, reason, rowless, waits)
  where (select limits_lock($${P + 11}::text[]))),${LIVE_SERVES},
s as materialized (
  select g.*, ${isServed({ queue: 'g.queue', name: 'g.name', version: 'g.need_version', fingerprint: 'g.need_fingerprint' })} as served from given g),
over as materialized (
  select s.id from s left join tasks t on t.id = s.id
  where not s.served and (t.id is not null or not s.had_row and (s.expires_at is null or to_timestamp(s.expires_at / 1000) > now()))
    and (t.id is null or t.name = s.name) and t.finished_at is null and t.cancel_at is null and (t.expires_at is null or t.expires_at > now())
    and (s.turn >= coalesce(t.turn, 0) or s.turn = -1) and t.claim_worker is not distinct from s.claim_worker and t.claim_no is not distinct from s.claim_no
    and (not s.waits or (${BEFORE}->>'since')::float8 + case when (t.passed_on->>'rowless')::bool then $${P + 10}::float8 else $${P + 9}::float8 end <= ${NOW_MS})),
row as (
  insert into tasks as t (${NEW_TASK_COLUMNS}, state, turn, claim_worker, claim_no, passed_on)
  select ${NEW_TASK_SELECT}, 'QUEUED', s.turn + 1, s.claim_worker, s.claim_no, json_build_object('turn', s.turn + 1, 'times', 1,
    'since', case when not s.served then ${NOW_MS} end, 'reason', s.reason, 'version', s.need_version, 'fingerprint', s.need_fingerprint,
    'rowless', s.rowless)
  from s
  where not exists (select from over where over.id = s.id)
    and (exists (select from tasks e where e.id = s.id)
      or not s.had_row and s.claim_no is null and (s.expires_at is null or to_timestamp(s.expires_at / 1000) > now()))
  order by s.id
  on conflict (id) do update set state = 'QUEUED', turn = greatest(t.turn + 1, excluded.turn), claim_worker = null, claim_no = null,
    passed_on = json_build_object('turn', greatest(t.turn + 1, excluded.turn),
      'times', case when (${BEFORE}->>'since' is null) = (excluded.passed_on->>'since' is null) then coalesce((${BEFORE}->>'times')::int, 0) else 0 end + 1,
      'since', case when excluded.passed_on->>'since' is not null
        then coalesce((${BEFORE}->>'since')::float8, (excluded.passed_on->>'since')::float8) end,
      'reason', excluded.passed_on->'reason', 'version', excluded.passed_on->'version', 'fingerprint', excluded.passed_on->'fingerprint',
      'rowless', coalesce((${BEFORE}->>'rowless')::bool, (excluded.passed_on->>'rowless')::bool))
  where t.name = excluded.name and t.finished_at is null and t.cancel_at is null and (t.claim_no is not null or t.expires_at is null or t.expires_at > now())
    and (excluded.turn > t.turn or excluded.turn = 0)
    and t.claim_worker is not distinct from excluded.claim_worker and t.claim_no is not distinct from excluded.claim_no
  returning t.id, t.turn, t.passed_on),
paused as (
  select id, turn, since is not null as unserved, least(pause, since + most - ${NOW_MS}) as pause from (
    select id, turn, since, case when rowless then $${P + 10}::float8 else $${P + 9}::float8 end as most,
      (0.75 + random() / 2) * case when since is null then least(${SERVED_LONGEST_MS}, ${SERVED_FIRST_MS} * 2 ^ least(times - 1, 20))
        else least(${UNSERVED_LONGEST_MS}, greatest(${UNSERVED_FIRST_MS}, ${NOW_MS} - since)) end as pause
    from row, json_to_record(passed_on) as p(times int, since float8, rowless bool)) p),
message as (
  insert into outbox (task_id, turn, due_at, unserved)
  select id, turn, now() + greatest(pause, 0) * interval '1 ms', unserved from paused on conflict do nothing),
stale as (delete from outbox o using row where o.task_id = row.id and o.turn < row.turn)
select id, unserved, false as over from paused union all select id, true, true from over`,
};

/** Messages whose tasks no live worker served, and one does now, are due: {@link SWEEP_BATCH} at most. One row. */
export const WAKE_UNSERVED = {
  name: 'outbox-wake-unserved',
  text: `
with ${LIVE_SERVES.trim()},
found as (
  select o.task_id, o.turn from outbox o join tasks t on t.id = o.task_id
  where o.unserved and ${isServed({ queue: 't.queue', name: 't.name', version: "(t.passed_on->>'version')::int", fingerprint: "t.passed_on->>'fingerprint'" })}
  limit ${SWEEP_BATCH} for update of o skip locked),
woken as (
  update outbox o set unserved = false, due_at = least(o.due_at, now()) from found f
  where (o.task_id, o.turn) = (f.task_id, f.turn) returning o.task_id)
select count(*)::int as n from woken`,
};
