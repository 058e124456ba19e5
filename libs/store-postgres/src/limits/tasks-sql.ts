import type { LimitWaiter } from '@lovage/ports';

/** Keys that are looked at; of a contract with more, those with the most slots taken. */
const MOST_KEYS = 1000;
const KEYS = `(select key from limit_keys where contract = $1 order by used desc limit ${MOST_KEYS}) k`;
const ms = (column: string): string => `extract(epoch from ${column})::float8 * 1000`;

// Types, not interfaces: they must fit pg's rows, which have an index signature.
export type RawHolder = { id: string; key: string; since: number; worker: string | null };
export type RawWaiter = { id: string; key: string; since: number | null; due_at: number | null };

/** Who has slots of a contract's keys. $1 contract · $2 how many of each key */
export const SLOT_HOLDERS = `
select s.task_id as id, s.limit_key as key, ${ms('s.taken_at')} as since,
  (select t.worker from tasks t where t.id = s.task_id and t.claim_worker is not null) as worker
from ${KEYS} cross join lateral (
  select * from limit_slots s where s.limit_key = k.key order by s.taken_at, s.task_id limit $2) s`;

/** Who waits for a slot, and who for a time of the rate. $1 contract · $2 how many of each key */
export const LIMIT_WAITERS = `
select w.* from ${KEYS} cross join lateral (
  (select o.task_id as id, o.limit_key as key, ${ms('o.limit_since')} as since, null::float8 as due_at
   from outbox o where o.limit_key = k.key order by o.limit_since, o.task_id limit $2)
  union all
  (select t.task_id, t.limit_key, null, ${ms('t.due_at')} from limit_tickets t
   where t.limit_key = k.key and t.due_at > now() order by t.due_at limit $2)) w`;

export function toWaiter({ id, key, since, due_at: dueAt }: RawWaiter): LimitWaiter {
  return { id, key, since, dueAt };
}
