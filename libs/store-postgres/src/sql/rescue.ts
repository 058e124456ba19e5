/**
 * A page of live tasks, oldest first, and those of it that wait for a message which only the broker knows of.
 * $1 created after (null: from the first) · $2 and after this id · $3 rows to read · $4 made and started before, ms ago.
 * One row; none when there is nothing to read.
 */
export const AWAITED = {
  name: 'rescue-awaited',
  text: `
with page as materialized (
  select id, queue, turn, created_at, started_at, claim_worker, message->>'observed' as observed from tasks
  where finished_at is null and created_at < now() - $4::float8 * interval '1 ms'
    and ($1::timestamptz is null or (created_at, id) > ($1::timestamptz, $2::uuid))
  order by created_at, id limit $3),
waits as (
  select id, turn, queue from page p
  where claim_worker is null and observed is null and (started_at is null or started_at < now() - $4::float8 * interval '1 ms')
    and not exists (select from outbox o where (o.task_id, o.turn) = (p.id, p.turn)))
select (select count(*) from page)::int as read, last.created_at::text as at, last.id,
  (select coalesce(json_agg(json_build_object('taskId', id, 'generation', turn, 'queue', queue)), '[]') from waits) as items
from (select created_at, id from page order by created_at desc, id desc limit 1) last`,
};

/** Those that still wait so get a message of the same generation: a claim lets only one of two run. $1 task ids · $2 generations */
export const RESEND = {
  name: 'rescue-resend',
  text: `
insert into outbox (task_id, turn, due_at)
select t.id, t.turn, now() from tasks t join unnest($1::uuid[], $2::int[]) as s(id, turn) on (t.id, t.turn) = (s.id, s.turn)
where t.finished_at is null and t.claim_worker is null
on conflict do nothing returning task_id`,
};

/** $1 queues → when */
export const ASK = {
  name: 'rescue-ask',
  text: `
with old as (delete from message_searches where asked_at < now() - interval '1 hour' and queue <> all($1::text[]))
insert into message_searches (queue, asked_at) select q, clock_timestamp() from unnest($1::text[]) q order by q
on conflict (queue) do update set asked_at = excluded.asked_at returning asked_at::text as at`,
};

/** $1 worker · $2 its queues → those it was asked about */
export const SOUGHT = {
  name: 'rescue-sought',
  text: `
select s.queue from unnest($2::text[]) q(name) join message_searches s on s.queue = q.name
where s.asked_at > now() - interval '1 minute'
  and not exists (select from message_holdings h where h.worker = $1 and h.queue = s.queue and h.at > s.asked_at)`,
};

/** The answer. $1 worker · $2 queue · $3 task ids */
export const REPORT = {
  name: 'rescue-report',
  text: `
insert into message_holdings (worker, queue, at, held) values ($1, $2, clock_timestamp(), coalesce($3::uuid[], '{}'))
on conflict (worker, queue) do update set at = excluded.at, held = excluded.held`,
};

/** $1 queues · $2 since when answers count → for each that somebody serves: by how many, how many answered, what they hold */
export const HOLDERS = {
  name: 'rescue-holders',
  text: `
select q.name as queue, count(*)::int as workers, count(h.worker)::int as answered,
  coalesce(json_agg(h.held) filter (where h.worker is not null), '[]') as held
from workers w join unnest($1::text[]) q(name) on (w.info -> 'queues')::jsonb ? q.name
left join message_holdings h on h.worker = w.id and h.queue = q.name and h.at > $2::timestamptz
where w.lease_until > now() group by q.name`,
};
