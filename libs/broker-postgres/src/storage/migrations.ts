/** Postgres schema that the broker owns, apart from the application's. */
export const SCHEMA = 'lovage_broker';

/**
 * The storage, step by step: step n brings version n - 1 to version n. Never change a step that was released; add one.
 *
 * `messages`: a queue is a range of the primary key, which is also its order and its only index. Taking a message changes
 * no indexed column, so with half of each page kept free it rewrites the row in place (HOT) and adds nothing to the index.
 * Bodies are kept uncompressed: they are read once.
 *
 * Vacuum runs after a fixed number of dead rows, not after a share of the table: a queue's table is nearly all dead rows.
 */
export const MIGRATIONS: readonly string[] = [
  `
create table lovage_broker.queues (
  id int generated always as identity primary key,
  name text not null unique,
  channel text not null,
  declared_at timestamptz not null default now());

create table lovage_broker.messages (
  queue_id int not null,
  id bigint generated always as identity,
  taken_by int,
  redelivered boolean not null default false,
  refused_by text,
  properties json not null,
  body bytea not null,
  primary key (queue_id, id)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
  toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 5000, toast.autovacuum_vacuum_cost_delay = 0);
alter table lovage_broker.messages alter column body set storage external;

create table lovage_broker.sessions (
  id int generated always as identity primary key,
  application text not null,
  started_at timestamptz not null default now());

create table lovage_broker.consumptions (
  session_id int not null references lovage_broker.sessions on delete cascade,
  no int not null,
  queue text not null,
  started_at timestamptz not null default now(),
  primary key (session_id, no));

create unlogged table lovage_broker.replies (
  id bigint generated always as identity primary key,
  address text not null,
  body bytea not null,
  created_at timestamptz not null default now());
alter table lovage_broker.replies alter column body set storage external;

comment on table lovage_broker.queues is 'declared queues; channel is told of new messages';
comment on table lovage_broker.messages is 'waiting (taken_by null) and taken messages; acked ones are deleted';
comment on table lovage_broker.sessions is 'one row a connection that may take; alive while it holds its advisory lock';
comment on table lovage_broker.consumptions is 'who consumes which queue';
comment on table lovage_broker.replies is 'bodies too large for NOTIFY, until they are read';
`,
];
