import type { Statement } from '../database.ts';

/**
 * Where the walk over tasks that are kept so long goes on; its row is the lock of the walk. What has been looked at once is not
 * looked at again, however long others of its time are kept, but for the last hour before the cursor when a run begins: a
 * transaction that was slow to commit, or a row that could not be deleted, is met by the next run. Under other rules the walk
 * starts anew. $1 ms · $2 hash of the rules · $3 whether a run begins
 */
export const TAKE_CURSOR = {
  name: 'retention-cursor',
  text: `
insert into retention_marks as m (keep_ms, rules, finished_at, task_id)
values ($1, $2, '-infinity', '00000000-0000-0000-0000-000000000000')
on conflict (keep_ms) do update set rules = excluded.rules, finished_at = case
  when m.rules <> excluded.rules then '-infinity' when $3::bool then m.finished_at - interval '1 h' else m.finished_at end
returning finished_at::text, task_id`,
};

/**
 * Looks at the next tasks that ended longer ago than that, and deletes those whose own rule is no longer, with what belongs to
 * them. They are past every other statement's interest, so nobody waits for their locks. The limit stands in the text: not
 * knowing it, the planner would gather and sort all that is old for each batch.
 * $1 ms · $2, $3 the cursor · $4 rules: by name, those of all others under '', then by state, ms
 */
export const pruneTasks = (limit: number): Statement => ({
  name: `retention-tasks-${limit}`,
  text: `
with seen as materialized (
  select t.id, t.finished_at,
    coalesce($4::jsonb -> t.name ->> t.ended_state, $4::jsonb -> '' ->> t.ended_state)::float8 <= $1::float8 as due
  from tasks t where (t.finished_at, t.id) > ($2::timestamptz, $3::uuid)
    and t.finished_at < now() - $1::float8 * interval '1 ms'
  order by t.finished_at, t.id limit ${Math.trunc(limit)}),
latest as (select finished_at, id from seen order by finished_at desc, id desc limit 1),
advanced as (
  update retention_marks m set finished_at = latest.finished_at, task_id = latest.id from latest where m.keep_ms = $1::float8::int8),
gone as (delete from tasks t using seen where seen.due and t.id = seen.id returning t.id),
tries as (delete from attempts a using gone where a.task_id = gone.id returning 1),
uniques as (delete from unique_keys u using gone where u.task_id = gone.id),
steps as (delete from steps s using gone where s.task_id = gone.id),
countdowns as (delete from countdowns c using gone where c.task_id = gone.id),
keys as (delete from keys k using gone where k.task_id = gone.id),
messages as (delete from outbox o using gone where o.task_id = gone.id)
select (select count(*) from seen)::int as seen, (select count(*) from gone)::int as tasks,
  (select count(*) from tries)::int as attempts`,
});

/** $1 ms · $2 limit */
export const PRUNE_FIRINGS = {
  name: 'retention-firings',
  text: `
with old as (
  select f.* from schedules c cross join lateral (
    select schedule, due_at, trigger from firings
    where schedule = c.name and due_at < now() - $1::float8 * interval '1 ms' order by due_at limit $2) f
  limit $2),
gone as (delete from firings f using old where (f.schedule, f.due_at, f.trigger) = (old.schedule, old.due_at, old.trigger) returning 1)
select count(*)::int as firings from gone`,
};

/** $1 ms */
export const PRUNE_REMOVED = {
  name: 'retention-removed-schedules',
  text: `
delete from schedules c where removed_at < now() - $1::float8 * interval '1 ms'
  and not exists (select from firings f where f.schedule = c.name)`,
};

/** $1 ms · $2 limit */
export const PRUNE_DEAD_LETTERS = {
  name: 'retention-dead-letters',
  text: `
with old as (
  select id from dead_letters where received_at < now() - $1::float8 * interval '1 ms'
  order by received_at limit $2 for update skip locked),
gone as (delete from dead_letters d using old where d.id = old.id returning 1)
select count(*)::int as n from gone`,
};
