import { MOST_WAITING_COUNTED } from '@lovage/ports';

/** One more than is told, to know that there are more. */
const BOUND = MOST_WAITING_COUNTED + 1;

/** Keys whose slots are taken or waited for. With a contract ($1): those of it alone. */
export const usesSql = (ofContract: boolean): string => {
  const where = ofContract ? 'where k.contract = $1' : '';
  return `
with slots as (
  select s.limit_key as key, count(*)::int as n from limit_keys k join limit_slots s on s.limit_key = k.key ${where} group by 1),
parked as (
  select key, count(*)::int as n from (
    select o.limit_key as key from limit_keys k join outbox o on o.limit_key = k.key ${where} limit ${BOUND}) o group by 1),
timed as (
  select key, count(*)::int as n from (
    select t.limit_key as key from limit_keys k join limit_tickets t on t.limit_key = k.key and t.due_at > now()
    ${where} limit ${BOUND}) t group by 1)
select f.contract, f.key, case when f.key like 'concurrency:%' then f.most end as most,
  coalesce(slots.n, 0) as held, coalesce(parked.n, 0) as waiting, coalesce(timed.n, 0) as waiting_for_rate
from (select key from slots union select key from parked union select key from timed) u
join limits_in_force f on f.key = u.key
left join slots on slots.key = u.key left join parked on parked.key = u.key left join timed on timed.key = u.key`;
};
