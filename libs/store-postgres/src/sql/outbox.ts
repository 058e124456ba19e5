/** Leases what is due soon. $1 within ms · $2 lease ms · $3 limit. A message whose task is gone comes without a row. */
export const LEASE_DUE = {
  name: 'outbox-lease-due',
  text: `
with due as (
  select task_id, turn from outbox
  where due_at < now() + $1::float8 * interval '1 ms' and (leased_until is null or leased_until < now())
  order by due_at limit $3 for update skip locked),
leased as (
  update outbox o set leased_until = now() + $2::float8 * interval '1 ms' from due
  where (o.task_id, o.turn) = (due.task_id, due.turn) returning o.task_id, o.turn, o.due_at)
select leased.task_id as outbox_task_id, leased.turn as outbox_turn,
  extract(epoch from leased.due_at)::float8 * 1000 as due_ms, extract(epoch from clock_timestamp())::float8 * 1000 as read_ms, t.*
from leased left join tasks t on t.id = leased.task_id order by leased.due_at`,
};

/** Confirmed by the broker. $1 task ids · $2 generations */
export const PUBLISHED = {
  name: 'outbox-published',
  text: `
with s as (select * from unnest($1::uuid[], $2::int[]) as s(id, turn)),
gone as (delete from outbox o using s where (o.task_id, o.turn) = (s.id, s.turn)),
l as materialized (
  select t.id from tasks t join s on s.id = t.id and s.turn = t.turn
  where t.state in ('PENDING', 'SCHEDULED') and t.claim_worker is null order by t.id for update of t)
update tasks t set state = 'QUEUED' from l where t.id = l.id`,
};

/** Not published after all. $1 task ids · $2 generations · $3 delay ms */
export const RELEASE = {
  name: 'outbox-release',
  text: `
update outbox o set leased_until = now() + $3::float8 * interval '1 ms'
from unnest($1::uuid[], $2::int[]) as s(id, turn) where (o.task_id, o.turn) = (s.id, s.turn)`,
};
