import type { TaskSortName } from '@lovage/http-api';
import { one, oneOf, type Search } from '../../app/search-params.ts';

/** What the URL says of the screen. */
export interface TasksSearch {
  /** The filter, in its language. */
  readonly q?: string;
  /** Keys of the columns, separated by commas; left out: the usual ones. */
  readonly cols?: string;
  /** Left out: the newest first. */
  readonly sort?: Exclude<TaskSortName, 'newest'>;
}

const MAX_PARAM = 4_000;

export function tasksSearch(search: Search): TasksSearch {
  const q = one(search['q'])?.slice(0, MAX_PARAM);
  const cols = one(search['cols'])?.slice(0, MAX_PARAM);
  const sort = oneOf(search['sort'], ['oldest', 'ended'] as const);
  return { ...(q !== undefined && { q }), ...(cols !== undefined && { cols }), ...(sort !== undefined && { sort }) };
}
