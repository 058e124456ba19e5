import { NEW_TASK_COLUMNS, NEW_TASK_PARAMETERS, NEW_TASK_SELECT, newTaskUnnest } from './columns.ts';

/**
 * Rows of tasks that the broker has confirmed. A worker may have claimed one already: its claim made the row from the
 * message, which tells the same facts, so there is nothing to add.
 */
export const INSERT_QUEUED = {
  name: 'tasks-insert-queued',
  text: `
insert into tasks (${NEW_TASK_COLUMNS}, state)
select ${NEW_TASK_SELECT}, 'QUEUED' from unnest(${newTaskUnnest(1)}) as s(${NEW_TASK_COLUMNS}) order by s.id
on conflict (id) do nothing`,
};

const P = NEW_TASK_PARAMETERS;

/**
 * Row and outbox together. A row that is there already (an earlier try of this very submit, or a claim after a lost confirm)
 * needs no message.
 * $${P + 1} delay ms · $${P + 2} lease ms, null: free for the relay
 */
const insertRowAndOutbox = (from: string) => `
row as (
  insert into tasks (${NEW_TASK_COLUMNS}, state)
  select ${NEW_TASK_SELECT}, case when $${P + 1}::float8 > 0 then 'SCHEDULED' else 'PENDING' end from ${from}
  on conflict (id) do nothing returning id),
message as (
  insert into outbox (task_id, turn, due_at, leased_until)
  select id, 0, now() + $${P + 1}::float8 * interval '1 ms', now() + $${P + 2}::float8 * interval '1 ms' from row)`;

const uniqueArguments = `$${P + 3}::text, s.id, $${P + 4}::float8, $${P + 5}::text[], $${P + 6}::text, $${P + 7}::uuid`;

const insertUnique = () => `${insertRowAndOutbox("s where exists (select from u where verdict = 'fresh')")}
select u.holder as task_id, u.verdict, u.kept_print as fingerprint from u`;

/** Answers one row: the task's id. */
export const INSERT_FIRST = {
  name: 'tasks-insert-first',
  text: `
with s as (select * from unnest(${newTaskUnnest(1)}) as s(${NEW_TASK_COLUMNS})),${insertRowAndOutbox('s')}
select s.id as task_id, true as fresh, '' as fingerprint from s`,
};

/** Many of them, for the relay. $1… tasks · $${P + 1} delays ms. Answers the ids of those that were not there. */
export const INSERT_FIRST_MANY = {
  name: 'tasks-insert-first-many',
  text: `
with s as (select * from unnest(${newTaskUnnest(1)}, $${P + 1}::float8[]) as s(${NEW_TASK_COLUMNS}, delay)),
row as (
  insert into tasks (${NEW_TASK_COLUMNS}, state)
  select ${NEW_TASK_SELECT}, case when s.delay > 0 then 'SCHEDULED' else 'PENDING' end from s order by s.id
  on conflict (id) do nothing returning id)
insert into outbox (task_id, turn, due_at)
select s.id, 0, now() + s.delay * interval '1 ms' from s join row using (id) returning task_id as id`,
};

/**
 * The same, won by the first submit of the key. \`do update\` rather than \`do nothing\`: the loser must see the winner's row,
 * which its own snapshot does not hold.
 * $${P + 3} scope · $${P + 4} key · $${P + 5} time to live ms · $${P + 6} fingerprint
 */
export const INSERT_FIRST_WITH_KEY = {
  name: 'tasks-insert-first-with-key',
  text: `
with s as (select * from unnest(${newTaskUnnest(1)}) as s(${NEW_TASK_COLUMNS})),
k as (
  insert into keys as k (scope, key, task_id, expires_at, fingerprint)
  select $${P + 3}, $${P + 4}, s.id, now() + $${P + 5}::float8 * interval '1 ms', $${P + 6} from s
  on conflict (scope, key) do update set
    task_id = case when k.expires_at < now() then excluded.task_id else k.task_id end,
    fingerprint = case when k.expires_at < now() then excluded.fingerprint else k.fingerprint end,
    expires_at = case when k.expires_at < now() then excluded.expires_at else k.expires_at end
  returning k.task_id, k.fingerprint),${insertRowAndOutbox('s where exists (select from k where k.task_id = s.id)')}
select k.task_id, k.task_id = s.id as fresh, k.fingerprint from k, s`,
};

/**
 * The same for a task that must be unique: the row is inserted when the verdict is 'fresh' (see the migration of unique tasks).
 * $${P + 3} key · $${P + 4} period ms · $${P + 5} states · $${P + 6} on conflict · $${P + 7} the task that it replaces
 */
export const INSERT_FIRST_UNIQUE = {
  name: 'tasks-insert-first-unique',
  text: `
with s as (select * from unnest(${newTaskUnnest(1)}) as s(${NEW_TASK_COLUMNS})),
u as materialized (select u.holder, u.verdict, '' as kept_print from s cross join lateral unique_take(${uniqueArguments}) u),
${insertUnique()}`,
};

/** With an idempotency key as well. $${P + 8} scope · $${P + 9} key · $${P + 10} time to live ms · $${P + 11} fingerprint */
export const INSERT_FIRST_UNIQUE_WITH_KEY = {
  name: 'tasks-insert-first-unique-with-key',
  text: `
with s as (select * from unnest(${newTaskUnnest(1)}) as s(${NEW_TASK_COLUMNS})),
u as materialized (
  select u.* from s cross join lateral unique_take_keyed(
    $${P + 8}::text, $${P + 9}::text, $${P + 10}::float8, $${P + 11}::text, ${uniqueArguments}) u),
${insertUnique()}`,
};
