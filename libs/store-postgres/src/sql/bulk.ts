const COLUMNS = `id, spec, at, reason, actor, state, matched::float8, complete, done::float8, skipped::float8, failed::float8, failures,
  position, error, created_at, updated_at, ended_at, stopped_by`;

/** The lock lets of two that come at once the second see the first. */
export const BULK_LOCK = { name: 'bulk-lock', text: `select pg_advisory_xact_lock(7203158890107)` };

export const BULK_PRUNE = {
  name: 'bulk-prune',
  text: `delete from bulk_jobs where ended_at < now() - interval '30 days'`,
};

/** $1 id · $2 spec · $3 at, ms · $4 reason · $5 actor · $6 most that run */
export const BULK_INSERT = {
  name: 'bulk-insert',
  text: `
insert into bulk_jobs (id, spec, at, reason, actor)
select $1, $2, timestamptz 'epoch' + $3::bigint * interval '1 ms', $4, $5
where (select count(*) from bulk_jobs where state = 'running') < $6::int
returning ${COLUMNS}`,
};

export const BULK_GET = { name: 'bulk-get', text: `select ${COLUMNS} from bulk_jobs where id = $1` };

/** $1 state or null · $2 id before which, or null · $3 limit */
export const BULK_LIST = {
  name: 'bulk-list',
  text: `
select ${COLUMNS} from bulk_jobs where ($1::text is null or state = $1) and ($2::uuid is null or id < $2)
order by id desc limit $3::int`,
};

/** $1 owner · $2 lease, ms */
export const BULK_CLAIM = {
  name: 'bulk-claim',
  text: `
update bulk_jobs set lease_owner = $1, leased_until = now() + $2::float8 * interval '1 ms'
where id = (
  select id from bulk_jobs where state = 'running' and (leased_until is null or leased_until < now())
  order by id limit 1 for update skip locked)
returning ${COLUMNS}, greatest(0, extract(epoch from next_at - now()) * 1000)::float8 as wait_ms`,
};

/**
 * A job that was stopped keeps the counts of the step that was under way.
 * $1 id · $2 owner · $3 lease, ms · $4 done · $5 skipped · $6 failed · $7 more failures · $8 position or null · $9 wait, ms · $10 error ·
 * $11 matched or null · $12 complete · $13 whether it got on
 */
export const BULK_ADVANCE = {
  name: 'bulk-advance',
  text: `
update bulk_jobs set
  leased_until = now() + $3::float8 * interval '1 ms',
  done = done + $4::bigint, skipped = skipped + $5::bigint, failed = failed + $6::bigint,
  failures = case when $7::jsonb = '[]' then failures else
    (select json_agg(f order by n) from jsonb_array_elements(failures::jsonb || $7::jsonb) with ordinality e (f, n) where n <= 20) end,
  position = coalesce($8::text, position),
  next_at = now() + $9::float8 * interval '1 ms', error = $10,
  matched = coalesce($11::bigint, matched), complete = coalesce($12::bool, complete),
  updated_at = case when $13::bool then now() else updated_at end
where id = $1 and lease_owner = $2 and state in ('running', 'stopped')
returning state`,
};

/** $1 id · $2 owner */
export const BULK_RELEASE = {
  name: 'bulk-release',
  text: `update bulk_jobs set lease_owner = null, leased_until = null where id = $1 and lease_owner = $2`,
};

/** $1 id · $2 owner · $3 state · $4 error · $5 id of the entry of the audit log */
export const BULK_FINISH = {
  name: 'bulk-finish',
  text: `
with ended as (
  update bulk_jobs set state = $3, error = $4, ended_at = now(), updated_at = now(), leased_until = null
  where id = $1 and lease_owner = $2 and state = 'running'
  returning id, actor, state, done, skipped, failed, error)
insert into audit (id, user_id, action, target, detail)
select $5::uuid, actor, 'bulk.end', id::text, json_build_object(
  'state', state, 'done', done, 'skipped', skipped, 'failed', failed, 'error', error) from ended
returning id`,
};

/** $1 id · $2 by */
export const BULK_STOP = {
  name: 'bulk-stop',
  text: `
update bulk_jobs set state = 'stopped', stopped_by = $2, ended_at = now(), leased_until = null
where id = $1 and state = 'running' returning ${COLUMNS}`,
};

/** Only what has ended: what lives is in the hands of others. $1 ids */
export const DELETE_TASKS = {
  name: 'bulk-delete-tasks',
  text: `
with gone as (delete from tasks where id = any($1::uuid[]) and finished_at is not null returning id),
uniques as (delete from unique_keys u using gone where u.task_id = gone.id),
steps as (delete from steps s using gone where s.task_id = gone.id),
keys as (delete from keys k using gone where k.task_id = gone.id),
messages as (delete from outbox o using gone where o.task_id = gone.id)
select count(*)::int as n from gone`,
};

/** $1 ids */
export const DELETE_DEAD_LETTERS = {
  name: 'bulk-delete-dead-letters',
  text: `
with gone as (delete from dead_letters where id = any($1::uuid[]) returning id) select count(*)::int as n from gone`,
};
