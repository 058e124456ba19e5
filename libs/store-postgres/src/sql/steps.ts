import { MAX_STEPS } from '@lovage/ports';

/** $1 task · $2 key */
export const FIND_STEP = {
  name: 'steps-find',
  text: `select value::text as value from steps where task_id = $1 and key = $2`,
};

/**
 * The row of the task is locked against another claim until this has committed, so a step stands only under the claim that
 * recorded it. `do update`, though nothing changes: it answers the value that was there first, also one that a transaction
 * not seen by this snapshot has written.
 * $1 task · $2 worker · $3 claim number · $4 key · $5 value
 */
export const KEEP_STEP = {
  name: 'steps-keep',
  text: `
with mine as materialized (select id from tasks where id = $1 and claim_worker = $2 and claim_no = $3 for no key update),
room as (
  select (select count(*) from steps where task_id = $1) < ${MAX_STEPS}
    or exists (select from steps where task_id = $1 and key = $4) as free),
kept as (
  insert into steps as s (task_id, key, value) select mine.id, $4, $5::json from mine, room where room.free
  on conflict (task_id, key) do update set key = s.key returning value)
select exists (select from mine) as mine, (select value::text from kept) as value`,
};
