import type { BrokerStatement } from '../connection/statement.ts';

/** $1 channels · $2 payloads */
export const NOTIFY: BrokerStatement = {
  name: 'broker-notify',
  text: `select pg_notify(channel, payload) from unnest($1::text[], $2::text[]) as s(channel, payload)`,
};

/** A reply whose body does not fit a notification. $1 channel · $2 body · $3 payload up to the number of the stored body */
export const STORE_REPLY: BrokerStatement = {
  name: 'broker-store-reply',
  text: `
with stored as (insert into lovage_broker.replies (address, body) values ($1, $2) returning id)
select pg_notify($1, $3::text || id) from stored`,
};

/** Reads and removes stored replies. $1 address of the inbox · $2 numbers → number, body */
export const FETCH_REPLIES: BrokerStatement = {
  name: 'broker-fetch-replies',
  text: `delete from lovage_broker.replies where address = $1 and id = any ($2::bigint[]) returning id, body`,
};

/** Stored replies that nobody came for. $1 age, ms */
export const EXPIRE_REPLIES: BrokerStatement = {
  name: 'broker-expire-replies',
  text: `delete from lovage_broker.replies where created_at < now() - $1 * interval '1 ms'`,
};
