import { one, type Search } from '../../app/search-params.ts';

/** What the URL says of the screen. */
export interface TasksSearch {
  /** The filter, in its language. */
  readonly q?: string;
  /** Keys of the columns, separated by commas; left out: the usual ones. */
  readonly cols?: string;
}

const MAX_PARAM = 4_000;

export function tasksSearch(search: Search): TasksSearch {
  const q = one(search['q'])?.slice(0, MAX_PARAM);
  const cols = one(search['cols'])?.slice(0, MAX_PARAM);
  return { ...(q !== undefined && { q }), ...(cols !== undefined && { cols }) };
}
