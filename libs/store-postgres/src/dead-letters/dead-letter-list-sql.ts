import type { DeadLetterFilter, DeadLetterGroup } from '@lovage/ports';
import type { Query } from '../lists/list-sql.ts';

/** Dead letters looked at for one page, at most: what keeps every filter within its time. */
const WINDOW = 5_000;
/** The same for a search in texts, which looks into bodies. */
const TEXT_WINDOW = 500;

/** Dead letters that are counted in groups, at most. */
export const GROUPED_DEAD_LETTERS = 20_000;

/** What a look into the newest dead letters has found. */
export interface RawLook {
  /** Those that match, newest first. */
  ids: string[];
  /** The last one of a full window; null: it reached the end. */
  last: string | null;
  [column: string]: unknown;
}

/** All but the message itself. $1 ids */
export const DEAD_LETTERS_OF = `
select id, queue, reason, code, detail, task_id, wire_id, name, priority, outcome, content_type, content_encoding, body_size, died_at,
  received_at, redriven_at, redriven_as, redriven_by
from dead_letters where id = any($1::uuid[]) order by id desc`;

/** Which dead letters of the window match. Answers one row. */
export function deadLettersLookedAt(
  filter: DeadLetterFilter,
  { limit, before }: { limit: number; before?: string | undefined },
): Query {
  const values: unknown[] = [];
  const p = (value: unknown): string => `$${values.push(value)}`;
  const fits = [...conditions(filter, p)].join(' and ') || 'true';
  const window = filter.text === undefined ? WINDOW : TEXT_WINDOW;
  const range = ['true'];
  if (before !== undefined) range.push(`id < ${p(before)}::uuid`);
  // It has an index: the dead letters of one task are found however old they are.
  if (filter.taskId !== undefined) range.push(`task_id = ${p(filter.taskId)}::uuid`);
  const text = `
with seen as materialized (
  select id, ${fits} as fits from dead_letters where ${range.join(' and ')} order by id desc limit ${window})
select array(select id from seen where fits order by id desc limit ${p(limit)}) as ids,
  case when (select count(*) from seen) = ${window} then (select id from seen order by id limit 1) end as last`;
  return { text, values };
}

export type RawGroup = {
  reason: string;
  queue: string;
  name: string | null;
  code: string | null;
  n: number;
  first_at: number;
  last_at: number;
  seen: number;
};

/** The newest dead letters that have not been redriven, in groups. $1 how many groups */
export const DEAD_LETTER_GROUPS = `
with seen as materialized (
  select reason, queue, name, code, redriven_at, received_at from dead_letters order by id desc limit ${GROUPED_DEAD_LETTERS + 1})
select reason, queue, name, code, count(*)::int as n, extract(epoch from min(received_at))::float8 * 1000 as first_at,
  extract(epoch from max(received_at))::float8 * 1000 as last_at, (select count(*)::int from seen) as seen
from seen where redriven_at is null group by 1, 2, 3, 4 order by n desc, max(received_at) desc limit $1`;

export function toGroup({ n, first_at, last_at, reason, queue, name, code }: RawGroup): DeadLetterGroup {
  return { reason, queue, name, code, count: n, firstAt: Math.round(first_at), lastAt: Math.round(last_at) };
}

function* conditions(filter: DeadLetterFilter, p: (value: unknown) => string): Generator<string> {
  const { queue, reason, name, redriven, text } = filter;
  if (queue !== undefined) yield `queue = ${p(queue)}`;
  if (reason !== undefined) yield `reason = ${p(reason)}`;
  if (name !== undefined) yield `name is not distinct from ${p(name)}`;
  if (redriven !== undefined) yield `redriven_at is ${redriven ? 'not null' : 'null'}`;
  if (text === undefined) return;
  const like = p(`%${text.replace(/[\\%_]/g, '\\$&')}%`);
  const columns = ['id::text', 'task_id::text', 'wire_id', 'name', 'code', 'detail', 'headers::text'];
  const found = columns.map((column) => `coalesce(${column} ilike ${like}, false)`);
  yield `(${found.join(' or ')} or position(convert_to(${p(text)}, 'UTF8') in body) > 0)`;
}
