import type { Statement } from '../database.ts';

/**
 * The oldest tasks that ended longer ago than that, at most so many, with what belongs to them. They are past every other
 * statement's interest, so nobody waits for their locks; a second run at the same time takes the next ones.
 * The limit stands in the text: not knowing it, the planner would gather and sort all that is old for each batch.
 * $1 ms
 */
export const pruneTasks = (limit: number): Statement => ({
  name: `retention-tasks-${limit}`,
  text: `
with old as (
  select id from tasks where finished_at < now() - $1::float8 * interval '1 ms'
  order by finished_at, id limit ${Math.trunc(limit)} for update skip locked),
gone as (delete from tasks t using old where t.id = old.id returning t.id),
tries as (delete from attempts a using gone where a.task_id = gone.id returning 1),
steps as (delete from steps s using gone where s.task_id = gone.id),
messages as (delete from outbox o using gone where o.task_id = gone.id)
select (select count(*) from gone)::int as tasks, (select count(*) from tries)::int as attempts`,
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
