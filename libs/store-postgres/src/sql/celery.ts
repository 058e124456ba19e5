/** The cursor; made at the first look: what had ended before has no reader there. */
export const CELERY_CURSOR = {
  name: 'celery-cursor',
  text: `
with made as (
  insert into celery_cursor (finished_at, task_id)
  select now(), '00000000-0000-0000-0000-000000000000' where not exists (select from celery_cursor)
  on conflict do nothing returning finished_at, task_id)
select finished_at::text as "finishedAt", task_id as "taskId" from (select * from made union all select finished_at, task_id from celery_cursor) c limit 1`,
};

/**
 * Ended tasks of ours after the cursor, in the order of their ends: what Celery's workers have run they have told themselves. The limit stands in the text: not knowing it, the planner would gather and sort all
 * that has ended since. $1, $2 the cursor · $3 horizon, ms · $4 longest age, ms
 */
export const celeryEnded = (limit: number) => ({
  name: `celery-ended-${Math.trunc(limit)}`,
  text: `
with seen as materialized (
  select t.id, t.wire_id, t.message, t.state, t.finished_at, t.error->>'code' as code from tasks t
  where (t.finished_at, t.id) > ($1::timestamptz, $2::uuid) and t.finished_at < to_timestamp($3::float8 / 1000)
    and t.finished_at > now() - $4::float8 * interval '1 ms'
  order by t.finished_at, t.id limit ${Math.trunc(limit)}),
latest as (select finished_at, id from seen order by finished_at desc, id desc limit 1)
select (select count(*) from seen)::int as seen, (select finished_at::text from latest) as "finishedAt", (select id from latest) as "taskId",
  (select coalesce(json_agg(json_build_object('id', id, 'wireId', coalesce(wire_id, id::text), 'result', result, 'canvas', canvas) order by finished_at, id), '[]') from (
    select *, (message is null or message->>'ignoreResult' is null) and code is distinct from 'reject_requested' and code is distinct from 'ignore_requested' as result,
      message is not null and message->'embed' is not null
        and (state <> 'SUCCESS' or (message->'embed'->>'chord' is not null and message->>'group' is not null)) as canvas
    from seen where message is null or (message->>'foreign' is null and message->>'observed' is null)) s
  where result or canvas) as tasks`,
});

/** $1 ids */
export const CELERY_ENDS = {
  name: 'celery-ends',
  text: `
select t.id, coalesce(t.wire_id, t.id::text) as "wireId", t.state, t.result::text as result, t.error, t.message->>'group' as "groupId",
  t.parent_id as "parentId", (extract(epoch from t.finished_at) * 1000)::float8 as "endedAt"
from unnest($1::uuid[]) as s(id) join tasks t using (id) where t.finished_at is not null`,
};

/** $1 ids */
export const CELERY_CANVAS = {
  name: 'celery-canvas',
  text: `
select coalesce(t.wire_id, t.id::text) as id, t.name, t.queue, t.root_id as root, t.message, t.state, t.result::text as result, t.error
from unnest($1::uuid[]) as s(id) join tasks t using (id) where t.finished_at is not null`,
};

/** $1, $2 from · $3, $4 to */
export const CELERY_PASSED = {
  name: 'celery-passed',
  text: `update celery_cursor set finished_at = $3::timestamptz, task_id = $4::uuid where finished_at = $1::timestamptz and task_id = $2::uuid`,
};

export const celeryOpen = (limit: number) => ({
  name: `celery-open-${Math.trunc(limit)}`,
  text: `
select t.id as "taskId", t.state from tasks t where t.finished_at is null and t.message->>'foreign' is not null
order by t.created_at desc, t.id desc limit ${Math.trunc(limit)}`,
});
