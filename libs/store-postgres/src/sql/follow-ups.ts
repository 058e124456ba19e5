/** Countdowns begin; what is there already stays. $1 tasks · $2 keys · $3 counts · $4 JSON lists of what they submit */
export const BEGIN_COUNTDOWNS = {
  name: 'countdowns-begin',
  text: `
insert into countdowns (task_id, key, remaining, tasks)
select * from unnest($1::uuid[], $2::text[], $3::int[], $4::json[]) as s(task_id, key, remaining, tasks) order by task_id, key
on conflict do nothing`,
};

/**
 * Brings countdowns down, in the order of their keys, so that two recorders do not wait for each other in a circle. Answers those that have
 * come to zero, with what they submit. $1 tasks · $2 keys, each as often as it counts
 */
export const COUNT_DOWN = {
  name: 'countdowns-count',
  text: `
with s as materialized (
  select task_id, key, count(*)::int as n from unnest($1::uuid[], $2::text[]) as k(task_id, key) group by 1, 2 order by 1, 2),
down as (
  update countdowns c set remaining = c.remaining - s.n from s where (c.task_id, c.key) = (s.task_id, s.key)
  returning c.task_id, c.key, c.remaining, c.tasks)
select task_id, key, tasks from down where remaining <= 0`,
};

/** $1 tasks · $2 keys */
export const END_COUNTDOWNS = {
  name: 'countdowns-end',
  text: `
delete from countdowns c using unnest($1::uuid[], $2::text[]) as s(task_id, key) where (c.task_id, c.key) = (s.task_id, s.key)`,
};
