/**
 * Counts tasks that a statement has ended, in that statement, so that counts and rows cannot differ. `ended` names a CTE
 * that returns their `ended_state`. Concurrent sessions count in rows of their own, mostly: one for all would be waited for.
 */
export const countEnded = (ended: string): string => `
counted as (
  insert into task_counts as c (shard, state, n)
  select pg_backend_pid() & 63, ended_state, count(*) from ${ended} group by ended_state order by ended_state
  on conflict (shard, state) do update set n = c.n + excluded.n)`;
