/**
 * A page of live tasks, oldest first, and those of it that wait for a message which only the broker knows of.
 * $1 created after (null: from the first) · $2 and after this id · $3 rows to read · $4 made and started before, ms ago.
 * One row; none when there is nothing to read.
 */
export const AWAITED = {
  name: 'rescue-awaited',
  text: `
with page as materialized (
  select id, queue, turn, created_at, started_at, claim_worker from tasks
  where finished_at is null and created_at < now() - $4::float8 * interval '1 ms'
    and ($1::timestamptz is null or (created_at, id) > ($1::timestamptz, $2::uuid))
  order by created_at, id limit $3),
waits as (
  select id, turn, queue from page p
  where claim_worker is null and (started_at is null or started_at < now() - $4::float8 * interval '1 ms')
    and not exists (select from outbox o where (o.task_id, o.turn) = (p.id, p.turn)))
select (select count(*) from page)::int as read, last.created_at::text as at, last.id,
  (select coalesce(json_agg(json_build_object('taskId', id, 'turn', turn, 'queue', queue)), '[]') from waits) as items
from (select created_at, id from page order by created_at desc, id desc limit 1) last`,
};

/** Those that still wait so get a message of the same turn: a claim lets only one of two run. $1 task ids · $2 turns */
export const SEND_AGAIN = {
  name: 'rescue-send-again',
  text: `
insert into outbox (task_id, turn, due_at)
select t.id, t.turn, now() from tasks t join unnest($1::uuid[], $2::int[]) as s(id, turn) on (t.id, t.turn) = (s.id, s.turn)
where t.finished_at is null and t.claim_worker is null
on conflict do nothing returning task_id`,
};
