import { NEW_TASK_COLUMNS, NEW_TASK_PARAMETERS, NEW_TASK_SELECT, newTaskUnnest } from './columns.ts';

/**
 * Rows of tasks that the broker has confirmed. A worker may have claimed one already: its claim made the row from the
 * message, which tells the same data, so there is nothing to add.
 */
export const INSERT_QUEUED = {
  name: 'tasks-insert-queued',
  text: `
insert into tasks (${NEW_TASK_COLUMNS}, state)
select ${NEW_TASK_SELECT}, 'QUEUED' from unnest(${newTaskUnnest(1)}) as s(${NEW_TASK_COLUMNS}) order by s.id
on conflict (id) do nothing`,
};

const P = NEW_TASK_PARAMETERS;

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

/** Parameter of `submit_take`, from the first one after delay and lease on. */
const take = (no: number, type: string) => `$${P + 2 + no}::${type}[]`;

/**
 * Row and outbox together, for tasks that may have keys. A row that is there already (an earlier try of this very submit, or a
 * claim after a lost confirm) needs no message. Answers a row for each, in their order; for the verdicts see the migration of submits
 * in batches.
 * $${P + 1} delays ms · $${P + 2} leases ms, null: free for the relay · of the idempotency keys scopes, keys, times to live ms and
 * fingerprints · of the uniqueness keys the keys, periods ms, states with commas, what to do on conflict · the tasks they replace
 * $${P + 12} longest wait for a key that another transaction has, ms; null: for ever
 */
export const INSERT_FIRST_EACH = {
  name: 'tasks-insert-first-each',
  text: `
with s as materialized (
  select s.* from submit_take($1::uuid[], ${take(1, 'text')}, ${take(2, 'text')}, ${take(3, 'float8')}, ${take(4, 'text')},
    ${take(5, 'text')}, ${take(6, 'float8')}, ${take(7, 'text')}, ${take(8, 'text')}, ${take(9, 'uuid')}, $${P + 12}::int) t
  cross join lateral unnest(${newTaskUnnest(1)}, $${P + 1}::float8[], $${P + 2}::float8[], t.holders, t.verdicts, t.kept)
    with ordinality as s(${NEW_TASK_COLUMNS}, delay, lease, holder, verdict, kept, no)),
row as (
  insert into tasks (${NEW_TASK_COLUMNS}, state)
  select ${NEW_TASK_SELECT}, case when s.delay > 0 then 'SCHEDULED' else 'PENDING' end from s
  where s.verdict = 'fresh' order by s.id
  on conflict (id) do nothing returning id),
message as (
  insert into outbox (task_id, turn, due_at, leased_until)
  select s.id, 0, now() + s.delay * interval '1 ms', now() + s.lease * interval '1 ms' from s join row using (id))
select s.holder, s.verdict, s.kept as fingerprint from s order by s.no`,
};
