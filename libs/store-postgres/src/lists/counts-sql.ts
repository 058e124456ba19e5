/** Live tasks counted one by one, at most; beyond it their number is estimated. */
export const MOST_COUNTED = 20_000;

/** Tasks that have ended, as counted when they did. */
export const ENDED_COUNTS = `select state, sum(n)::float8 as n from task_counts group by state`;

/** Live tasks by state: the newest and the oldest of them, each half of what is counted at most. */
export const LIVE_COUNTS = `
select state, count(*)::float8 as n from (
  select id, state from (select id, state from tasks where finished_at is null order by created_at, id limit ${MOST_COUNTED / 2}) oldest
  union
  select id, state from (select id, state from tasks where finished_at is null order by created_at desc, id desc limit ${MOST_COUNTED / 2}) newest
) live group by state`;

/** The planner's estimate: from its statistics and the size of the table as it is. */
export const LIVE_ESTIMATE = `explain (format json) select from tasks where finished_at is null`;
