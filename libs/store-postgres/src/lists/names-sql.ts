import type { TaskFilter } from '@lovage/ports';
import { likeText, type Query, type ResolvedFilter } from './list-sql.ts';

/** Names of ended tasks that are looked at, at most: one step in the index each. */
const MOST_NAMES = 1_000;
/** Ranges that a list merges, at most; where more names begin so, the list goes by states. */
const MOST_RANGES = 40;

/**
 * The names of ended tasks from one to the next, each found by a step in `tasks_name_idx`. It does not begin at the prefix:
 * in most collations what begins so is no range.
 */
const NAMES = `
with recursive names (name, no) as (
  (select name, 1 from tasks where finished_at is not null order by name limit 1)
  union all
  select (select t.name from tasks t where t.finished_at is not null and t.name > n.name order by t.name limit 1), n.no + 1
  from names n where n.name is not null and n.no <= ${MOST_NAMES}
)
select name, no from names where name like $1 or no > ${MOST_NAMES} limit ${MOST_RANGES + 1}`;

/** The filter with the names that its prefix means, where an index serves them. */
export async function withNames(
  filter: TaskFilter,
  run: (query: Query) => Promise<readonly { name: string | null; no: number }[]>,
): Promise<ResolvedFilter> {
  if (filter.namePrefix === undefined) return filter;
  const found = await run({ text: NAMES, values: [`${likeText(filter.namePrefix)}%`] });
  const isWhole = found.length <= MOST_RANGES && found.every(({ no }) => no <= MOST_NAMES);
  return isWhole ? { ...filter, names: found.flatMap(({ name }) => name ?? []) } : filter;
}
