import { one, oneOf, type Search } from '../../app/search-params.ts';

export const RANGES = { hour: 3_600, day: 86_400, week: 604_800, month: 2_592_000 } as const;
export type FailureRange = keyof typeof RANGES;

export interface FailuresSearch {
  readonly contract?: string;
  /** Left out: a day. */
  readonly range?: FailureRange;
  /** Left out: the most frequent first. */
  readonly sort?: 'last';
  /** The open group. */
  readonly group?: string;
}

export function failuresSearch(search: Search): FailuresSearch {
  const contract = one(search['contract']);
  const range = oneOf(search['range'], Object.keys(RANGES) as readonly FailureRange[]);
  const sort = oneOf(search['sort'], ['last'] as const);
  const group = one(search['group']);
  return {
    ...(contract !== undefined && { contract }),
    ...(range !== undefined && range !== 'day' && { range }),
    ...(sort !== undefined && { sort }),
    ...(group !== undefined && { group }),
  };
}
