import { isSuspect } from './suspicion.ts';
import { NEW_TASK_COLUMNS, NEW_TASK_PARAMETERS, NEW_TASK_SELECT, newTaskUnnest } from './columns.ts';

/*
 * Limits (docs/limits.md). The row of a key in `limit_keys` is the lock under which its slots are given: every transaction that
 * takes keys takes them first, sorted, and rows of tasks after them; code that comes from a row never waits for a key. So nobody
 * waits in a cycle. Functions `limits_*` are in the migrations, because each statement in one sees what was committed while it
 * waited.
 */

/** Takes the keys, and makes those that are new. $1 keys · $2 contracts · $3 concurrency limits · $4 intervals ms · $5 bursts */
export const HOLD_KEYS = {
  name: 'limits-hold-keys',
  text: `
insert into limit_keys as k (key, contract, declared, interval_ms, burst)
select * from unnest($1::text[], $2::text[], $3::int[], $4::float8[], $5::int[]) as s(key, contract, declared, interval_ms, burst)
order by key
on conflict (key) do update set declared = excluded.declared, interval_ms = excluded.interval_ms, burst = excluded.burst, used_at = now()`,
};

/** Keys that are held, as they stand. $1 keys */
export const READ_KEYS = {
  name: 'limits-read-keys',
  text: `
select k.key, f.most, k.used,
  f.interval_ms, limits_step(f.interval_ms) as step_ms, f.burst,
  extract(epoch from k.next_at)::float8 * 1000 as next_at, k.applied_ms,
  extract(epoch from k.bucket_at)::float8 * 1000 as bucket_at, extract(epoch from k.again_at)::float8 * 1000 as again_at,
  extract(epoch from clock_timestamp())::float8 * 1000 as now
from limit_keys k join limits_in_force f using (key) where key = any($1::text[])`,
};

/** Gives waiting tasks their times anew after a change of the rate. $1 key */
export const RESPACE_KEY = { name: 'limits-respace', text: 'select limits_respace($1)' };

/** The tasks that ask, locked. $1 ids * $2 also suspects, which only the quarantine runs.
 */
export const READ_CANDIDATES = {
  name: 'limits-read-candidates',
  text: `
select t.id, t.turn, t.claim_worker, t.claim_no, extract(epoch from t.created_at)::float8 * 1000 as created_at,
  t.finished_at is not null or t.cancel_at is not null or t.expires_at <= now()
    or (not $2::bool and ${isSuspect('t')}) as over,
  (select s.limit_key from limit_slots s where s.task_id = t.id) as slot_key,
  (select k.limit_key from limit_tickets k where k.task_id = t.id) as ticket_key,
  (select extract(epoch from k.due_at)::float8 * 1000 from limit_tickets k where k.task_id = t.id) as ticket_at,
  exists (select from outbox o where o.task_id = t.id and o.limit_key is not null) as waits
from tasks t where t.id = any($1::uuid[]) order by t.id for update of t`,
};

const P = NEW_TASK_PARAMETERS;

/**
 * Lets tasks wait: unclaimed, SCHEDULED, the next generation in the outbox. The row is made if the claim would have made it.
 * $1… the columns of the tasks · generations, the latest known · had_row · due ms since the epoch, null: until a slot is free ·
 * concurrency keys · rate keys. Answers the ids of those that wait now.
 */
export const PARK = {
  name: 'limits-park',
  text: `
with s as (
  select * from unnest(${newTaskUnnest(1)}, $${P + 1}::int[], $${P + 2}::bool[], $${P + 3}::float8[], $${P + 4}::text[], $${P + 5}::text[])
    as s(${NEW_TASK_COLUMNS}, turn, had_row, due, slot_key, rate_key)),
row as (
  insert into tasks as t (${NEW_TASK_COLUMNS}, state, turn, limit_key)
  select ${NEW_TASK_SELECT}, 'SCHEDULED', s.turn + 1, s.slot_key from s
  where not s.had_row or exists (select from tasks e where e.id = s.id) order by s.id
  on conflict (id) do update set state = 'SCHEDULED', turn = excluded.turn, limit_key = excluded.limit_key
  where t.name = excluded.name and t.finished_at is null and t.claim_worker is null and t.cancel_at is null
    and (t.expires_at is null or t.expires_at > now()) and excluded.turn > t.turn
  returning t.id, t.turn, t.created_at),
parked as (
  select row.*, to_timestamp(s.due / 1000) as due_at, s.slot_key, s.rate_key from row join s using (id)),
messages as (
  insert into outbox (task_id, turn, due_at, limit_key, limit_since)
  select id, turn, coalesce(due_at, 'infinity'), case when due_at is null then slot_key end, case when due_at is null then created_at end
  from parked on conflict do nothing),
tickets as (
  insert into limit_tickets (task_id, limit_key, turn, due_at) select id, rate_key, turn, due_at from parked where due_at is not null
  on conflict (task_id) do update set limit_key = excluded.limit_key, turn = excluded.turn, due_at = excluded.due_at),
-- A slot that was had is kept until then: its time of the rate will have a place.
slots as (
  insert into limit_slots (task_id, limit_key, reserved_until)
  select id, slot_key, due_at + interval '1 min' from parked where due_at is not null and slot_key is not null
  on conflict (task_id) do update set limit_key = excluded.limit_key, reserved_until = excluded.reserved_until),
-- One that was reserved when the limit was higher.
given_up as (delete from limit_slots l using parked p where p.due_at is null and l.task_id = p.id)
select id from parked`,
};

/** Tasks that were claimed have their slots, and have used their times of a rate. $1 ids · $2 concurrency keys */
export const SLOTS_TAKEN = {
  name: 'limits-slots-taken',
  text: `
with s as (select * from unnest($1::uuid[], $2::text[]) as s(id, key)),
slots as (
  insert into limit_slots as l (task_id, limit_key) select id, key from s where key is not null order by id
  on conflict (task_id) do update set limit_key = excluded.limit_key, reserved_until = null,
    taken_at = case when l.limit_key = excluded.limit_key then l.taken_at else excluded.taken_at end),
used as (delete from limit_tickets k using s where k.task_id = s.id)
select`,
};

/**
 * $1 keys · $2 the next free time, ms since the epoch · $3 interval by which it was found, ms · $4 when the bucket is full ·
 * $5 the next time of those that were late
 */
export const RATE_GIVEN = {
  name: 'limits-rate-given',
  text: `
update limit_keys k set next_at = to_timestamp(s.next_at / 1000), applied_ms = s.applied, bucket_at = to_timestamp(s.bucket_at / 1000),
  again_at = to_timestamp(s.again_at / 1000)
from unnest($1::text[], $2::float8[], $3::float8[], $4::float8[], $5::float8[]) as s(key, next_at, applied, bucket_at, again_at)
where k.key = s.key`,
};

/** $1 keys, which are held */
export const WAKE_KEYS = {
  name: 'limits-wake',
  text: 'select limits_wake(key) from unnest($1::text[]) as key order by key',
};

/** Whether there is anything for {@link SWEEP_LIMITS}. */
export const ANY_LIMITED = {
  name: 'limits-any',
  text: `
select exists (select from limit_slots) or exists (select from outbox where limit_key is not null)
  or exists (select from limit_overrides where updated_at > now() - interval '10 s') as limited`,
};

export const SWEEP_LIMITS = { name: 'limits-sweep', text: 'select limits_sweep() as mended' };

/** Reads which rates have waiting tasks: once a minute. */
export const MEND_RATES = { name: 'limits-mend-rates', text: 'select limits_mend_rates() as mended' };

/** Leftovers: times of tasks that ended without them; keys that nobody has met for a day. Bounded. */
export const TIDY_LIMITS = {
  name: 'limits-tidy',
  text: `
with stale as (
  select k.task_id from limit_tickets k where k.due_at < now() - interval '1 min'
    and not exists (select from tasks t where t.id = k.task_id and t.finished_at is null) limit 1000),
tickets as (delete from limit_tickets k using stale where k.task_id = stale.task_id),
idle as (
  select key from limit_keys k where used_at < now() - interval '1 day'
    and (next_at is null or next_at < now()) and not exists (select from limit_slots s where s.limit_key = k.key)
    and not exists (select from outbox o where o.limit_key = k.key) limit 1000 for update skip locked)
delete from limit_keys k using idle where k.key = idle.key`,
};

const OVERRIDE_COLUMNS = `contract, concurrency, no_concurrency, keys, rate, interval_ms, no_rate, burst,
  extract(epoch from updated_at)::float8 * 1000 as updated_at, updated_by, why as reason`;

export const READ_OVERRIDES = {
  name: 'limits-overrides',
  text: `select ${OVERRIDE_COLUMNS} from limit_overrides order by contract`,
};

export const READ_IMPOSED = {
  name: 'limits-imposed',
  text: `
select contract, concurrency is not null as concurrency, interval_ms is not null as rate from limit_overrides
where concurrency is not null or interval_ms is not null`,
};

/**
 * $1 contract · $2 concurrency · $3 no concurrency limit · $4 keys · $5 rate as given · $6 its interval ms · $7 no rate limit ·
 * $8 burst · $9 actor · $10 reason
 */
export const OVERRIDE = {
  name: 'limits-override',
  text: `
insert into limit_overrides (contract, concurrency, no_concurrency, keys, rate, interval_ms, no_rate, burst, updated_by, why, updated_at)
values ($1, $2, $3, $4::jsonb, $5, $6, $7, $8, $9, $10, now())
on conflict (contract) do update set concurrency = excluded.concurrency, no_concurrency = excluded.no_concurrency,
  keys = excluded.keys, rate = excluded.rate, interval_ms = excluded.interval_ms, no_rate = excluded.no_rate, burst = excluded.burst,
  updated_by = excluded.updated_by, why = excluded.why, updated_at = excluded.updated_at
returning ${OVERRIDE_COLUMNS}`,
};

/** $1 contract */
export const CLEAR_OVERRIDE = {
  name: 'limits-clear',
  text: 'delete from limit_overrides where contract = $1',
};

/** Takes every key of a contract. $1 contract */
export const HOLD_CONTRACT = {
  name: 'limits-hold-contract',
  text: `select key from limit_keys where contract = $1 order by key for update`,
};

/** $1 rate keys, which are held */
export const RESPACE_KEYS = {
  name: 'limits-respace-keys',
  text: 'select limits_respace(key) from unnest($1::text[]) as key order by key',
};

/** Makes the key of a contract that has no limit of its own. $1 key · $2 contract */
export const MAKE_KEY = {
  name: 'limits-make-key',
  text: 'insert into limit_keys (key, contract) values ($1, $2) on conflict do nothing',
};

/** Counts tasks that run without a slot. $1 key, which is held */
export const ADOPT = { name: 'limits-adopt', text: 'select limits_adopt($1)' };
