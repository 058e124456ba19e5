import { revokedError } from './cancel.ts';
import { countEnded } from './count-ended.ts';
import { afterDeath, lostError } from './suspicion.ts';

const DEATH = afterDeath('t', 'held', 'held.together');

/**
 * Requeues what dead workers held: same generation, so the message that may still be with the broker stays valid, and the claim
 * lets only one of the two run. A worker is dead when its lease has lapsed by a second. What was cancelled does not run
 * again: it ends REVOKED.
 * Rows whose holder has no row in \`workers\` at all belong to a claim that was committed while its worker was being removed.
 */
const requeue = (holders: string) => `
locked as materialized (
  select t.id, t.turn, t.claim_worker, t.claim_no, t.started_at, t.cancel_at is not null as revoked from tasks t
  where t.finished_at is null and t.claim_worker is not null and ${holders} order by t.id for update of t skip locked),
held as materialized (
  select l.*, greatest(coalesce(w.held, 0), count(*) over (partition by l.claim_worker))::int as together,
    w.stopping, w.memory_mb, w.first_memory_mb
  from locked l left join workers w on w.id = l.claim_worker),
lost as (
  insert into attempts (task_id, worker, claim_no, outcome, error, started_at)
  select id, claim_worker, claim_no, 'LOST', ${lostError('held', 'held.together')}, started_at
  from held where not revoked on conflict do nothing),
message as (
  insert into outbox (task_id, turn, due_at) select id, turn, now() from held where not revoked on conflict do nothing),
back as (
  update tasks t set state = case when held.revoked then 'REVOKED' else 'QUEUED' end, claim_worker = null, claim_no = null,
    suspected = t.suspected + 1, suspicion = ${DEATH.suspicion}, quarantine_group = ${DEATH.group}, error = case when held.revoked then ${revokedError('t')} else t.error end,
    finished_at = case when held.revoked then now() end
  from held where t.id = held.id returning t.id, t.ended_state),
ended as (select ended_state from back where ended_state is not null),${countEnded('ended')}`;

export const SWEEP_LAPSED = {
  name: 'sweep-lapsed',
  text: `
with dead as materialized (select id from workers where lease_until < now() - interval '1 s' for update skip locked),${requeue('t.claim_worker in (select id from dead)')},
removed as (delete from workers w using dead where w.id = dead.id)
select (select count(*) from dead)::int as workers, (select count(*) from back where ended_state is null)::int as tasks,
  (select count(*) from ended)::int as revoked`,
};

/** Cheap questions before a sweep, which would else scan the live tasks each second. */
export const ANY_TO_SWEEP = {
  name: 'sweep-any',
  text: `select exists (select from workers where lease_until < now() - interval '1 s') as lapsed,
  exists (select from keys where expires_at < now()) as keys,
  exists (select from outbox where unserved) as unserved,
  (select coalesce(array_agg(id), '{}') from workers where lease_until > now()) as workers`,
};

/** Rows that one statement takes at most: it holds their locks for as long as it runs. */
export const SWEEP_BATCH = 1000;

export const SWEEP_ORPHANS = {
  name: 'sweep-orphans',
  text: `
with${requeue('not exists (select from workers w where w.id = t.claim_worker)')}
select (select count(*) from back where ended_state is null)::int as tasks,
  (select count(*) from ended)::int as revoked`,
};

/**
 * Waiting tasks whose time passed, {@link SWEEP_BATCH} at most, with their messages that are still with us. In the order of the index of
 * expiries: by id, a plan made before the table was analysed would read every live task each second. Nothing waits for a lock here.
 */
export const SWEEP_EXPIRED = {
  name: 'sweep-expired',
  text: `
with late as (
  select id from tasks where expires_at <= now() and finished_at is null and claim_worker is null
  order by expires_at limit ${SWEEP_BATCH} for update skip locked),
ended as (
  update tasks t set state = case when t.cancel_at is not null then 'REVOKED' else 'EXPIRED' end, finished_at = now(),
    error = case when t.cancel_at is not null then ${revokedError('t')} else t.error end
  from late where t.id = late.id returning t.id, t.ended_state, t.message, coalesce(t.wire_id, t.id::text) as wire_id),${countEnded('ended')},
messages as (delete from outbox o using ended where o.task_id = ended.id)
select count(*)::int as n, coalesce(json_agg(json_build_object('address', message->>'replyTo', 'taskId', wire_id,
  'correlationId', coalesce(message->>'correlationId', wire_id), 'state', ended_state))
  filter (where message->>'replyTo' is not null and message->>'ignoreResult' is null), '[]') as replies from ended`,
};

/** Keys that ran out, {@link SWEEP_BATCH} at most. */
export const SWEEP_KEYS = {
  name: 'sweep-keys',
  text: `
with gone as (
  delete from keys where (scope, key) in (
    select scope, key from keys where expires_at < now() order by expires_at limit ${SWEEP_BATCH} for update skip locked)
  returning 1)
select count(*)::int as n from gone`,
};
