import type { FailurePage, FailureRequest } from '@lovage/ports';
import type { Query } from '../lists/list-sql.ts';

const EPOCH = (column: string): string => `(extract(epoch from ${column}) * 1000)::float8`;

/** Groups with their failures in a time, and how many of these are in each part of it. One more than a page holds. */
export function failuresQuery(request: FailureRequest, page: FailurePage): Query {
  const { from, to, parts, id, taskId, contract, type } = request;
  const values: unknown[] = [];
  const p = (value: unknown): string => `$${values.push(value)}`;
  const of: string[] = [];
  if (id !== undefined) of.push(`f.id = ${p(id)}::uuid`);
  if (taskId !== undefined) of.push(`f.id = (select group_id from task_failures where task_id = ${p(taskId)}::uuid)`);
  if (contract !== undefined) of.push(`f.contract = ${p(contract)}`);
  if (type !== undefined) of.push(`f.type = ${p(type)}`);
  // One that is asked for is told of, whenever it was seen.
  const isNamed = id !== undefined || taskId !== undefined;
  const [fromMs, toMs, n] = [p(from), p(to), p(parts)];
  const part = `least(${n}::int - 1, floor((extract(epoch from m.at) * 1000 - ${fromMs}::float8) * ${n}::int / (${toMs}::float8 - ${fromMs}::float8))::int)`;
  const value = page.sort === 'count' ? 'coalesce(c.n, 0)::float8' : EPOCH('f.last_seen_at');
  const after = page.after && `where (value, id) < (${p(page.after.value)}::float8, ${p(page.after.id)}::uuid)`;
  const text = `
with parts as materialized (
  select m.group_id, ${part} as part, sum(m.failed)::int as n from failure_minutes m
  where m.at >= to_timestamp(${fromMs}::float8 / 1000) and m.at < to_timestamp(${toMs}::float8 / 1000)
    ${of.length > 0 ? `and m.group_id in (select f.id from failure_groups f where ${of.join(' and ')})` : ''}
  group by 1, 2),
counted as (select group_id, sum(n)::int as n, array_agg(part) as parts, array_agg(n) as ns from parts group by 1),
groups as (
  select f.*, coalesce(c.n, 0) as n, c.parts, c.ns, ${value} as value
  from failure_groups f ${isNamed ? 'left ' : ''}join counted c on c.group_id = f.id
  ${of.length > 0 ? `where ${of.join(' and ')}` : ''}),
page as (select * from groups ${after ?? ''} order by value desc, id desc limit ${p(page.limit + 1)})
select g.id, g.contract, g.type, g.message, g.stack, ${EPOCH('g.first_seen_at')} as first_seen_at, ${EPOCH('g.last_seen_at')} as last_seen_at,
  g.n, g.parts, g.ns, g.value, t.id as sample_task_id
from page g left join tasks t on t.id = g.sample_task_id order by g.value desc, g.id desc`;
  return { text, values };
}
