import type { BrokerStatement } from '../connection/statement.ts';

const MESSAGES = 'unnest($2::int[], $3::int[], $4::int[], $5::int[]) with ordinality';

/** Properties and body, cut out of the bytes. */
const contentOf = (m: string): string =>
  `convert_from(substring($6::bytea from ${m}.at for ${m}.properties), 'UTF8')::json, substring($6::bytea from ${m}.at + ${m}.properties for ${m}.body)`;

/**
 * Stores a batch of messages and tells the consumers of their queues, once a queue, with the commit. A queue that nobody
 * consumes is not told of: NOTIFY takes a lock that all commits with one share.
 *
 * All bytes travel as one binary parameter, cut up here: as an array of `bytea` and of `json` they would travel as
 * escaped text, at five times the cost for the client.
 * $1 names of the distinct queues
 * a message each: $2 its queue's place in $1, from 1 · $3 where its properties begin in $6, from 1 · $4 their length · $5 length of the body, which follows
 * $6 bytes: properties (JSON in UTF-8) and bodies
 * → places in $1 of the queues that exist; the messages of the others are not stored
 */
export const PUBLISH: BrokerStatement = {
  name: 'broker-publish',
  text: `
with queue as (
  select q.id, q.name, q.channel, n.place
  from unnest($1::text[]) with ordinality as n(name, place) join lovage_broker.queues q on q.name = n.name),
stored as (
  insert into lovage_broker.messages (queue_id, properties, body)
  select queue.id, ${contentOf('m')}
  from ${MESSAGES} as m(place, at, properties, body, no) join queue on queue.place = m.place
  order by m.no)
select place::int, case when exists (select from lovage_broker.consumptions c where c.queue = queue.name) then pg_notify(channel, '') end
from queue`,
};

/**
 * The same for a batch in which messages have priorities: those get ids of other ranges. It takes the right to use the sequence.
 * As {@link PUBLISH}, and for each place of $1: $7 what ids are moved by · $8 what consumers are told
 */
export const PUBLISH_PRIORITIES: BrokerStatement = {
  name: 'broker-publish-priorities',
  text: `
with queue as (
  select q.id, q.name, q.channel, n.place, n.shift, n.told
  from unnest($1::text[], $7::bigint[], $8::text[]) with ordinality as n(name, shift, told, place)
  join lovage_broker.queues q on q.name = n.name),
stored as (
  insert into lovage_broker.messages (queue_id, id, properties, body) overriding system value
  select s.queue_id, s.shift + nextval('lovage_broker.messages_id_seq'), s.properties, s.body from (
    select queue.id as queue_id, queue.shift, ${contentOf('m')}
    from ${MESSAGES} as m(place, at, properties, body, no) join queue on queue.place = m.place
    order by m.no) as s(queue_id, shift, properties, body))
select place::int, case when exists (select from lovage_broker.consumptions c where c.queue = queue.name) then pg_notify(channel, told) end
from queue`,
};
