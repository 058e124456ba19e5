import { oneOf, type Search } from '../../app/search-params.ts';

export const TASK_TABS = ['overview', 'attempts', 'logs', 'data', 'family'] as const;
export type TaskTab = (typeof TASK_TABS)[number];

export interface TaskSearch {
  /** Left out: overview. */
  readonly tab?: TaskTab;
}

export function taskSearch(search: Search): TaskSearch {
  const tab = oneOf(search['tab'], TASK_TABS);
  return tab === undefined || tab === 'overview' ? {} : { tab };
}
