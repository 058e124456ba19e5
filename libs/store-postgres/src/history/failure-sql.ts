/** $1 ids */
export const FIND_GROUPS = {
  name: 'history-find-groups',
  text: 'select id from failure_groups where id = any($1::uuid[])',
};

/** $1 contracts */
export const COUNT_GROUPS = {
  name: 'history-count-groups',
  text: 'select contract, count(*)::int as n from failure_groups where contract = any($1::text[]) group by contract',
};

/** $1 groups as JSON: id, contract, type, message, stack, first, last (ms), sample */
export const WRITE_GROUPS = {
  name: 'history-write-groups',
  text: `
insert into failure_groups as f (id, contract, type, message, stack, first_seen_at, last_seen_at, sample_task_id)
select id, contract, type, message, array(select json_array_elements_text(stack)), to_timestamp(first / 1000), to_timestamp(last / 1000), sample
from json_to_recordset($1::json) as g(id uuid, contract text, type text, message text, stack json, first float8, last float8, sample uuid)
on conflict (id) do update set first_seen_at = least(f.first_seen_at, excluded.first_seen_at),
  last_seen_at = greatest(f.last_seen_at, excluded.last_seen_at),
  sample_task_id = case when excluded.last_seen_at >= f.last_seen_at then excluded.sample_task_id else f.sample_task_id end`,
};

/** $1 minutes, ms · $2 groups · $3 failures */
export const WRITE_FAILURES = {
  name: 'history-write-failures',
  text: `
insert into failure_minutes as m (at, group_id, failed)
select to_timestamp(at / 1000), group_id, failed from unnest($1::float8[], $2::uuid[], $3::int[]) as s(at, group_id, failed)
on conflict (at, group_id) do update set failed = m.failed + excluded.failed`,
};

/** $1 tasks · $2 their groups · $3 when they were made, ms */
export const LINK_FAILURES = {
  name: 'history-link-failures',
  text: `
insert into task_failures (task_id, group_id, created_at)
select task_id, group_id, to_timestamp(created_at / 1000) from unnest($1::uuid[], $2::uuid[], $3::float8[]) as s(task_id, group_id, created_at)
on conflict do nothing`,
};
