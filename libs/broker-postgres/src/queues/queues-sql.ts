import type { BrokerStatement } from '../connection/statement.ts';
import { LEVEL_RANGES } from './message-order.ts';
import { sessionLives } from '../sessions/session-sql.ts';

/** Makes sure the queues are there; uses up no number for one that is. $1 names · $2 their channels */
export const DECLARE: BrokerStatement = {
  name: 'broker-declare',
  text: `
insert into lovage_broker.queues (name, channel)
select * from unnest($1::text[], $2::text[]) as s(name, channel)
where not exists (select from lovage_broker.queues q where q.name = s.name) order by name
on conflict (name) do nothing`,
};

/** $1 name → messages that wait, of them those of a high and of a low priority, living consumptions; no row: no such queue */
export const DEPTH: BrokerStatement = {
  name: 'broker-depth',
  text: `
select m.ready, m.high, m.low,
  (select count(*) from lovage_broker.consumptions c where c.queue = q.name and ${sessionLives('c.session_id')})
from lovage_broker.queues q cross join lateral (
  select count(*) as ready, count(*) filter (where m.id < ${LEVEL_RANGES.high.before}) as high,
    count(*) filter (where m.id > ${LEVEL_RANGES.low.after}) as low
  from lovage_broker.messages m where m.queue_id = q.id and m.taken_by is null) m
where q.name = $1`,
};

/** Messages of a queue that are looked at for those taken: these are the first of it, but for a few. */
const LOOKED_AT = 20_000;

/** $1 names → name, messages that are taken */
export const TAKEN: BrokerStatement = {
  name: 'broker-taken',
  text: `
select q.name, t.n from lovage_broker.queues q cross join lateral (
  select count(*) filter (where taken_by is not null) as n from (
    select taken_by from lovage_broker.messages m where m.queue_id = q.id order by m.queue_id, m.id limit ${LOOKED_AT}) m) t
where q.name = any($1::text[])`,
};

/** Drops what waits; what is taken stays. $1 name → how many; no row: no such queue */
export const PURGE: BrokerStatement = {
  name: 'broker-purge',
  text: `
with queue as (select id from lovage_broker.queues where name = $1),
gone as (delete from lovage_broker.messages m using queue where m.queue_id = queue.id and m.taken_by is null returning 1)
select (select count(*) from gone) from queue`,
};

/** $1 name → id; no row: there was none. Its messages go in a later statement, when no publish sees the queue any more. */
export const DELETE_QUEUE: BrokerStatement = {
  name: 'broker-delete-queue',
  text: `delete from lovage_broker.queues where name = $1 returning id`,
};

/**
 * Removes messages of queues that are deleted: also those of a publish that was under way meanwhile. Hops over the
 * queues' ranges of the primary key, so what exists costs nothing.
 */
export const DELETE_ORPHANS: BrokerStatement = {
  name: 'broker-delete-orphans',
  text: `
with recursive used(id) as (
  (select queue_id from lovage_broker.messages order by queue_id limit 1)
  union all
  select (select m.queue_id from lovage_broker.messages m where m.queue_id > used.id order by m.queue_id limit 1)
  from used where used.id is not null)
delete from lovage_broker.messages where queue_id = any (array(
  select id from used where id is not null and not exists (select from lovage_broker.queues q where q.id = used.id)))`,
};
