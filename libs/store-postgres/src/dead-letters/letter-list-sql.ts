import type { DeadLetterFilter } from '@lovage/ports';
import type { Query } from '../lists/list-sql.ts';

/** Letters looked at for one page, at most: what keeps every filter within its time. */
const WINDOW = 5_000;
/** The same for a search in texts, which looks into bodies. */
const TEXT_WINDOW = 500;

/** What a look into the newest letters has found. */
export interface RawLook {
  /** Those that match, newest first. */
  ids: string[];
  /** The last one of a full window; null: it reached the end. */
  last: string | null;
  [column: string]: unknown;
}

/** All but the message itself. $1 ids */
export const LETTERS_OF = `
select id, queue, reason, code, detail, task_id, wire_id, name, priority, outcome, content_type, content_encoding, body_size, died_at,
  received_at, redriven_at, redriven_as, redriven_by
from dead_letters where id = any($1::uuid[]) order by id desc`;

/** Which letters of the window match. Answers one row. */
export function lettersLookedAt(
  filter: DeadLetterFilter,
  { limit, before }: { limit: number; before?: string | undefined },
): Query {
  const values: unknown[] = [];
  const p = (value: unknown): string => `$${values.push(value)}`;
  const fits = [...conditions(filter, p)].join(' and ') || 'true';
  const window = filter.text === undefined ? WINDOW : TEXT_WINDOW;
  const range = ['true'];
  if (before !== undefined) range.push(`id < ${p(before)}::uuid`);
  // It has an index: the letters of one task are found however old they are.
  if (filter.taskId !== undefined) range.push(`task_id = ${p(filter.taskId)}::uuid`);
  const text = `
with seen as materialized (
  select id, ${fits} as fits from dead_letters where ${range.join(' and ')} order by id desc limit ${window})
select array(select id from seen where fits order by id desc limit ${p(limit)}) as ids,
  case when (select count(*) from seen) = ${window} then (select id from seen order by id limit 1) end as last`;
  return { text, values };
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
