import { NEW_TASK_COLUMNS, NEW_TASK_SELECT, newTaskUnnest } from './columns.ts';

/** Postgres' time in whole ms, never rounded up: a moment of the next ms must not count as passed. */
const NOW_MS = "date_trunc('milliseconds', now())";

/** Of the schedule `c` and its plan `p`. */
const planHolds = (
  until: string,
) => `c.revision = p.revision and c.enabled and c.paused_at is null and c.removed_at is null
    and ${until} > c.decided_until and ${until} <= now()`;

/** So long after a beat was last seen that states a definition, it counts as gone, and another definition may take its place. */
export const CODE_GONE_S = 60;

/** A definition, whichever beat states it. */
const hashOf = (definition: string, enabled: string) => `md5(${definition}::text || ${enabled}::text)`;

const codeGone = `(c.seen_at is null or c.seen_at < now() - interval '${CODE_GONE_S} s')`;

/**
 * Takes the schedules of a beat's code over, and notes that it was seen. Those that it does not know are left alone. A definition
 * replaces another one if it is new, or if no beat with the other one has been seen for a while: so the newest code wins while it
 * runs, and beats of two versions do not undo each other's. One that people made stays. What is not answered was there as stated.
 * The timing is a column of its own: operators of \`json\` read every string of the value, and one may hold what only \`json\` can keep.
 * $1 names · $2 definitions · $3 timings · $4 enabled
 */
export const MIRROR = {
  name: 'schedules-mirror',
  text: `
with s as (
  select *, ${hashOf('definition', 'enabled')} as hash
  from unnest($1::text[], $2::json[], $3::text[], $4::bool[]) as s(name, definition, timing, enabled)),
there as materialized (
  select c.name, s.definition, s.timing, s.enabled, s.hash, ${hashOf('c.definition', 'c.enabled')} as old, case
    when c.source = 'api' and c.removed_at is null then 'api'
    when s.hash = ${hashOf('c.definition', 'c.enabled')} then case when c.removed_at is null then 'same' else 'taken' end
    when s.hash <> all(c.earlier) or ${codeGone} then 'taken' else 'older' end as verdict
  from s join schedules c on c.name = s.name order by c.name for update of c),
written as (
  update schedules c set definition = t.definition, timing = t.timing, enabled = t.enabled, source = 'code', removed_at = null,
    seen_at = now(),
    revision = c.revision + (t.verdict = 'taken')::int, updated_at = case t.verdict when 'taken' then now() else c.updated_at end,
    earlier = case when t.hash = t.old then c.earlier else (array_prepend(t.old, array_remove(c.earlier, t.hash)))[1:20] end,
    decided_until = case
      when t.verdict = 'taken' and (c.removed_at is not null or t.enabled and not c.enabled or c.timing <> t.timing)
      then ${NOW_MS} else c.decided_until end
  from there t where c.name = t.name and t.verdict not in ('older', 'api')),
new as (
  insert into schedules (name, definition, timing, enabled, decided_until, seen_at)
  select name, definition, timing, enabled, ${NOW_MS}, now() from s where not exists (select from schedules c where c.name = s.name)
  order by name on conflict (name) do nothing returning name)
select name, verdict from there where verdict <> 'same' union all select name, 'taken' from new order by name`,
};

/**
 * A schedule that people make. No row: there is one of this name, or people have made so many already. What was removed under its name is
 * begun anew, and its history goes on. $1 name · $2 definition · $3 timing · $4 enabled · $5 at most so many
 */
export const CREATE_SCHEDULE = {
  name: 'schedules-create',
  text: `
insert into schedules as c (name, definition, timing, enabled, source, decided_until)
select $1::text, $2::json, $3::text, $4::bool, 'api', ${NOW_MS}
where (select count(*) from schedules where source = 'api' and removed_at is null) < $5::int
on conflict (name) do update set definition = excluded.definition, timing = excluded.timing, enabled = excluded.enabled,
  source = 'api', removed_at = null, paused_at = null, paused_by = null, seen_at = null, revision = c.revision + 1,
  decided_until = ${NOW_MS}, updated_at = now()
where c.removed_at is not null returning c.*`,
};

/** One row, if it is of people and still of this revision. $1 name · $2 definition · $3 timing · $4 enabled · $5 revision */
export const CHANGE_SCHEDULE = {
  name: 'schedules-change',
  text: `
update schedules c set definition = $2::json, timing = $3::text, enabled = $4::bool, revision = c.revision + 1, updated_at = now(),
  decided_until = case when c.timing <> $3::text or $4::bool and not c.enabled then ${NOW_MS} else c.decided_until end
where c.name = $1 and c.source = 'api' and c.removed_at is null and c.revision = $5::int returning c.*`,
};

/**
 * Removes a schedule that people made, or that no running beat states. One row, if there is such a schedule: whether it was removed. $1 name
 */
export const REMOVE_SCHEDULE = {
  name: 'schedules-remove',
  text: `
with gone as (
  update schedules c set removed_at = now(), revision = c.revision + 1, updated_at = now()
  where c.name = $1 and c.removed_at is null and (c.source = 'api' or ${codeGone}) returning c.name)
select exists (select from gone) as removed from schedules c where c.name = $1 and c.removed_at is null`,
};

/** One row at least, for the time: without a schedule its name is null. */
export const READ_SCHEDULES = {
  name: 'schedules-read',
  text: `
select extract(epoch from ${NOW_MS}) * 1000 as now_ms, not ${codeGone} as stated, c.*
from (select) as one left join schedules c on c.removed_at is null order by c.name`,
};

/**
 * Decides the moments of schedules: the listed ones fire, with task and message. The schedule's row is locked first, so of
 * several beats the second one sees what the first has decided; the key of \`firings\` holds in any case.
 * A firing may stand for a task that is there already; the row of another is inserted.
 * $1 names · $2 revisions · $3 decided until, ms · $4 schedules of the firings · $5 due, ms · $6 the tasks they stand for ·
 * then the columns of theirs
 */
export const FIRE = {
  name: 'schedules-fire',
  text: `
with p as (
  select name, revision, to_timestamp(until / 1000) as until
  from unnest($1::text[], $2::int[], $3::float8[]) as p(name, revision, until)),
s as (
  select s.*, to_timestamp(s.due / 1000) as due_at
  from unnest($4::text[], $5::float8[], $6::uuid[], ${newTaskUnnest(7)}) as s(schedule, due, stands_for, ${NEW_TASK_COLUMNS})),
held as materialized (
  select c.name, c.decided_until, p.until from p join schedules c on c.name = p.name
  where ${planHolds('p.until')}
  order by c.name for update of c),
fired as (
  insert into firings (schedule, due_at, task_id)
  select s.schedule, s.due_at, s.stands_for from s join held h on h.name = s.schedule
  where s.due_at > h.decided_until and s.due_at <= h.until order by s.schedule, s.due_at
  on conflict do nothing returning schedule, due_at, trigger, task_id, fired_at),
row as (
  insert into tasks (${NEW_TASK_COLUMNS}, state) select ${NEW_TASK_SELECT}, 'PENDING' from s where exists (select from fired where fired.task_id = s.id) order by s.id
  returning id),
message as (insert into outbox (task_id, turn, due_at) select id, 0, now() from row),
newest as (select distinct on (schedule) * from fired order by schedule, due_at desc),
decided as (
  update schedules c set decided_until = h.until, last_due_at = coalesce(n.due_at, c.last_due_at),
    last_fired_at = coalesce(n.fired_at, c.last_fired_at), last_task_id = coalesce(n.task_id, c.last_task_id)
  from held h left join newest n on n.schedule = h.name where c.name = h.name)
select * from fired order by schedule, due_at`,
};

/**
 * Those of the plans that hold, by name, which stay locked until the end of the transaction.
 * $1 names · $2 revisions · $3 decided until, ms
 */
export const HOLD_PLANS = {
  name: 'schedules-hold-plans',
  text: `
select c.name, extract(epoch from c.decided_until) * 1000 as decided_ms
from unnest($1::text[], $2::int[], $3::float8[]) as p(name, revision, until) join schedules c on c.name = p.name
where ${planHolds('to_timestamp(p.until / 1000)')} order by c.name for update of c`,
};

/**
 * Keys of unique tasks, taken one after the other in their order. See the migration of unique tasks for the verdicts.
 * $1 keys · $2 tasks · $3 periods ms · $4 states of each, with commas · $5 on conflict · $6 the tasks they replace
 */
export const TAKE_KEYS = {
  name: 'unique-take-keys',
  text: `
with s as (
  select * from unnest($1::text[], $2::uuid[], $3::float8[], $4::text[], $5::text[], $6::uuid[])
    as s(key, id, period, states, on_conflict, replaces) order by key)
select s.id, u.holder, u.verdict from s
cross join lateral unique_take(s.key, s.id, s.period, string_to_array(s.states, ','), s.on_conflict, s.replaces) u`,
};

/** $1 schedule · $2 the task it stands for · then the columns of its own. No row: no such schedule, or a firing of the same millisecond. */
export const RUN_NOW = {
  name: 'schedules-run-now',
  text: `
with s as (select * from unnest(${newTaskUnnest(3)}) as s(${NEW_TASK_COLUMNS})),
fired as (
  insert into firings (schedule, due_at, trigger, task_id)
  select c.name, ${NOW_MS}, 'manual', $2::uuid from s join schedules c on c.name = $1 and c.removed_at is null
  on conflict do nothing returning schedule, due_at, trigger, task_id, fired_at),
row as (
  insert into tasks (${NEW_TASK_COLUMNS}, state) select ${NEW_TASK_SELECT}, 'PENDING' from s where exists (select from fired where fired.task_id = s.id)
  returning id),
message as (insert into outbox (task_id, turn, due_at) select id, 0, now() from row),
noted as (
  update schedules c set last_due_at = f.due_at, last_fired_at = f.fired_at, last_task_id = f.task_id
  from fired f where c.name = f.schedule)
select * from fired`,
};

/** $1 schedule */
export const SCHEDULE_EXISTS = {
  name: 'schedules-exists',
  text: `select exists (select from schedules where name = $1 and removed_at is null) as there`,
};

/** $1 schedule · $2 user */
export const PAUSE = {
  name: 'schedules-pause',
  text: `
update schedules set paused_by = case when paused_at is null then $2::uuid else paused_by end,
  paused_at = coalesce(paused_at, now()), updated_at = case when paused_at is null then now() else updated_at end
where name = $1 and removed_at is null returning *`,
};

/** What passed during the pause is decided: it will not fire. $1 schedule */
export const RESUME = {
  name: 'schedules-resume',
  text: `
update schedules set paused_at = null, paused_by = null,
  decided_until = case when paused_at is null then decided_until else greatest(decided_until, ${NOW_MS}) end,
  updated_at = case when paused_at is null then updated_at else now() end
where name = $1 and removed_at is null returning *`,
};

/** $1 schedule · $2 limit · $3, $4 last of the page before, or null */
export const FIRINGS = {
  name: 'firings-of-schedule',
  text: `
select f.*, t.state as task_state, t.started_at as task_started_at, t.finished_at as task_finished_at from (
  select * from firings
  where schedule = $1 and ($3::float8 is null or (due_at, trigger) < (to_timestamp($3::float8 / 1000), $4::text))
  order by due_at desc, trigger desc limit $2) f
left join tasks t on t.id = f.task_id order by f.due_at desc, f.trigger desc`,
};
