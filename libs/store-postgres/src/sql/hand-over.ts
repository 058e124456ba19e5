import { isSuspect } from './suspicion.ts';

/** Rows of {@link HAND_OVER}: `no` is the claim's number, null of one that was only woken. */
const SUCCESSOR = 't.*, h.limit_key as key, h.no, h.due_turn';

/**
 * Who got a slot in this transaction: of each key so many are claimed by this worker at once, those that were submitted first, where it serves
 * their queue. The messages of the others are leased to it, to be sent at once. Waits for no row: who is not reached is sent by the relay.
 * $1 worker id · $2 worker name · $3 keys · $4 how many of each to claim · $5 queues · $6 claim numbers · $7 lease of messages ms ·
 * $8 tasks that it does not claim. Suspects are for the quarantine: their messages are sent.
 */
export const HAND_OVER = {
  name: 'limits-hand-over',
  text: `
with woken as materialized (
  select o.task_id, o.turn, s.limit_key, k.most, t.created_at, t.queue, ${isSuspect('t')} as suspect from outbox o
  join limit_slots s on s.task_id = o.task_id
  join unnest($3::text[], $4::int[]) as k(key, most) on k.key = s.limit_key
  join tasks t on t.id = o.task_id
  where o.due_at = now()::timestamptz(3) and o.leased_until is null and s.reserved_until is not null
    and t.claim_worker is null and t.finished_at is null and t.cancel_at is null and (t.expires_at is null or t.expires_at > now())
  for update of o, t skip locked),
ranked as (
  select w.*, row_number() over (partition by w.limit_key order by w.created_at, w.task_id) as nth from woken w
  where w.queue = any($5::text[]) and not w.suspect and ($8::uuid[] is null or w.task_id <> all($8::uuid[])) and exists (select from workers v where v.id = $1 and v.lease_until > now())),
chosen as materialized (
  select r.task_id, r.turn, r.limit_key, ($6::bigint[])[row_number() over (order by r.created_at, r.task_id)] as no
  from ranked r where r.nth <= r.most),
claimed as (
  update tasks t set state = 'STARTED', claim_worker = $1::uuid, claim_no = c.no, worker = $2, started_at = clock_timestamp()
  from chosen c where t.id = c.task_id and c.no is not null returning t.*),
sent as (delete from outbox o using chosen c where (o.task_id, o.turn) = (c.task_id, c.turn) and c.no is not null),
taken as (update limit_slots s set reserved_until = null from chosen c where s.task_id = c.task_id and c.no is not null),
leased as (
  update outbox o set leased_until = now() + $7::float8 * interval '1 ms' from woken w
  where (o.task_id, o.turn) = (w.task_id, w.turn) and not exists (select from chosen c where c.task_id = w.task_id and c.no is not null)
  returning o.task_id, o.turn, w.limit_key)
select ${SUCCESSOR} from claimed t join (select task_id, limit_key, no, turn as due_turn from chosen) h on h.task_id = t.id
union all
select ${SUCCESSOR} from tasks t join (select task_id, limit_key, null::bigint as no, turn as due_turn from leased) h on h.task_id = t.id`,
};

/** What such a claim had claimed before, whose answer was lost. $1 worker id · $2 keys · $3 claim numbers */
export const HANDED_OVER = {
  name: 'limits-handed-over',
  text: `
select t.*, s.limit_key as key, t.claim_no as no, t.turn as due_turn from limit_slots s join tasks t on t.id = s.task_id
where s.limit_key = any($2::text[]) and t.claim_worker = $1 and t.claim_no = any($3::bigint[])`,
};
