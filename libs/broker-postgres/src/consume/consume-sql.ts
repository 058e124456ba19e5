import type { BrokerStatement } from '../connection/statement.ts';

/** $1 session · $2 number of the consumption in it · $3 queue → whether the queue exists */
export const BEGIN_CONSUMPTION: BrokerStatement = {
  name: 'broker-begin-consumption',
  text: `
with begun as (insert into lovage_broker.consumptions (session_id, no, queue) values ($1, $2, $3))
select exists (select from lovage_broker.queues where name = $3)`,
};

/** $1 session · $2 number of the consumption */
export const END_CONSUMPTION: BrokerStatement = {
  name: 'broker-end-consumption',
  text: `delete from lovage_broker.consumptions where session_id = $1 and no = $2`,
};

/**
 * Flags waiting messages of a level as taken, lowest ids first, passing over those that others are taking at this moment.
 * The rows are changed by their place (ctid), which their lock keeps: no second search in the index.
 * $1 queue · $2 session · $3 how many at most · $4 only ids above · $5 and below
 * → id, redelivered, refused_by, properties, body; in no order
 */
export const TAKE: BrokerStatement = {
  name: 'broker-take',
  text: `
update lovage_broker.messages set taken_by = $2
where ctid = any (array(
  select ctid from lovage_broker.messages
  where queue_id = (select id from lovage_broker.queues where name = $1) and id > $4 and id < $5 and taken_by is null
  order by id limit $3 for update skip locked))
returning id, redelivered, refused_by, properties, body`,
};

// The rows of $2 that this session holds, found one by one: `id = any ($2)` may be planned as a filter over the whole
// queue while the table is empty, and that plan is kept.
const TAKEN = `ctid = any (array(
  select (
    select held.ctid from lovage_broker.messages held
    where held.queue_id = (select id from lovage_broker.queues where name = $1) and held.id = s.id)
  from unnest($2::bigint[]) as s(id))) and taken_by = $3`;

/** Removes messages that this session holds. $1 queue · $2 ids · $3 session */
export const ACK: BrokerStatement = {
  name: 'broker-ack',
  text: `delete from lovage_broker.messages where ${TAKEN}`,
};

/**
 * Requeues messages that this session holds, and wakes consumers of the queue.
 * $1 queue · $2 ids · $3 session · $4 whether they were delivered, hence are redelivered next · $5 channel of the queue
 */
export const REQUEUE: BrokerStatement = {
  name: 'broker-requeue',
  text: `
with back as (
  update lovage_broker.messages set taken_by = null, redelivered = redelivered or $4 where ${TAKEN} returning 1)
select pg_notify($5, '<') where exists (select from back)`,
};

/**
 * Moves messages that this session holds to the dead letters. The time is added to the text of the properties, an object that is never
 * empty, so that nothing else of it changes.
 * $1 queue · $2 ids · $3 session · $4 queue of the dead letters, which exists
 */
export const REFUSE: BrokerStatement = {
  name: 'broker-refuse',
  text: `
with dead as (select id, channel from lovage_broker.queues where name = $4),
gone as (delete from lovage_broker.messages where ${TAKEN} returning id, properties, body),
kept as (
  insert into lovage_broker.messages (queue_id, refused_by, properties, body)
  select dead.id, $1,
    (left(gone.properties::text, -1) || ',"diedAt":' || floor(extract(epoch from clock_timestamp()) * 1000)::bigint || '}')::json, gone.body
  from gone, dead order by gone.id returning 1)
select pg_notify(channel, '') from dead where exists (select from kept)`,
};

/** Keeps the newest dead letters and drops the rest. $1 queue of the dead letters · $2 how many to keep → how many were dropped */
export const TRIM: BrokerStatement = {
  name: 'broker-trim',
  text: `
with dead as (select id from lovage_broker.queues where name = $1),
dropped as (
  delete from lovage_broker.messages m using dead where m.queue_id = dead.id and m.taken_by is null and m.id <= (
    select o.id from lovage_broker.messages o where o.queue_id = dead.id and o.taken_by is null order by o.id desc offset $2 limit 1)
  returning 1)
select count(*) from dropped`,
};
