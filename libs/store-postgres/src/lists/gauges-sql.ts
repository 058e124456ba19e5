import { MOST_COUNTED } from './counts-sql.ts';

/** Live tasks by queue and state, with the oldest of each: of the oldest that are counted at most. */
export const LIVE_BY_QUEUE = `
select queue, state, count(*)::float8 as n, extract(epoch from now() - min(created_at))::float8 as oldest_seconds
from (select queue, state, created_at from tasks where finished_at is null order by created_at, id limit ${MOST_COUNTED}) live
group by queue, state`;

/** Messages of the outbox that are due and not sent, counted up to a bound, and how long the first of them has been. */
export const OUTBOX_LAG = `
select count(*)::float8 as due, coalesce(extract(epoch from now() - min(due_at)), 0)::float8 as lag_seconds
from (select due_at from outbox where due_at <= now() order by due_at limit ${MOST_COUNTED}) late`;

export const WORKERS_ALIVE = `select count(*)::float8 as n from workers where lease_until > now()`;

/** Dead letters that nobody has redriven, by reason: of the newest that are counted at most. */
export const DEAD_LETTERS = `
select reason, count(*)::float8 as n
from (select reason, redriven_at from dead_letters order by id desc limit ${MOST_COUNTED}) newest
where redriven_at is null group by reason`;
