import type { BrokerStatement } from '../connection/statement.ts';

// First key of the advisory locks of sessions: any number, so long as nobody else in the database uses it with two keys.
const LOCK_SPACE = 1_279_742_802;

/** Pids of the backends that hold the lock of session `id`: none, and the session is dead. */
const holders = (id: string): string =>
  `select l.pid from pg_locks l where l.locktype = 'advisory' and l.classid = ${LOCK_SPACE} and l.objid = ${id} and l.objsubid = 2
    and l.granted and l.database = (select oid from pg_database where datname = current_database())`;

/** SQL condition: the session of this id lives. */
export const sessionLives = (id: string): string => `exists (${holders(id)})`;

/**
 * Begins a session: its id, never given twice, with the lock that proves it alive held by this connection. The row is
 * visible to others only with the lock held.
 * $1 application → id
 */
export const BEGIN_SESSION: BrokerStatement = {
  name: 'broker-begin-session',
  text: `
with begun as (insert into lovage_broker.sessions (application) values ($1) returning id)
select id, pg_advisory_lock(${LOCK_SPACE}, id) from begun`,
};

/**
 * Makes the server end the connection of a session that its own process has lost: the server may not have noticed.
 * $1 session id
 */
export const END_BACKEND: BrokerStatement = {
  name: 'broker-end-backend',
  text: `select pg_terminate_backend(pid) from (${holders('$1::int')}) as holder`,
};

/** Sessions whose connection is gone. It reads locks after the snapshot, so what they took last may be newer: release in a later statement. → id */
export const DEAD_SESSIONS: BrokerStatement = {
  name: 'broker-dead-sessions',
  text: `select s.id from lovage_broker.sessions s where not ${sessionLives('s.id')} limit 1000`,
};

/**
 * Requeues what sessions hold, flagged as redelivered, and wakes consumers.
 * $1 session ids
 */
export const RELEASE_TAKEN: BrokerStatement = {
  name: 'broker-release-taken',
  text: `
with released as (
  update lovage_broker.messages set taken_by = null, redelivered = true where taken_by = any($1::int[]) returning queue_id)
select pg_notify(q.channel, '<') from lovage_broker.queues q where q.id in (select queue_id from released)`,
};

/** Forgets sessions that hold nothing any more, with their consumptions. $1 session ids */
export const FORGET_SESSIONS: BrokerStatement = {
  name: 'broker-forget-sessions',
  text: `delete from lovage_broker.sessions where id = any($1::int[])`,
};

// One reaper at a time; the others lose nothing by leaving it to the first. One key, hence apart from the sessions' locks.
const REAPER_LOCK = '4923187261541';

/** → whether this connection may reap now */
export const TRY_REAPING: BrokerStatement = {
  name: 'broker-try-reaping',
  text: `select pg_try_advisory_lock(${REAPER_LOCK})`,
};

export const END_REAPING: BrokerStatement = {
  name: 'broker-end-reaping',
  text: `select pg_advisory_unlock(${REAPER_LOCK})`,
};
