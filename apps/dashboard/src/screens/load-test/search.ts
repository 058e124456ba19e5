import { one, type Search } from '../../app/search-params.ts';

export interface LoadTestSearch {
  /** Name of the contract to put under load. */
  readonly contract?: string;
  /** The test that is shown; left out: the newest. */
  readonly test?: string;
}

export function loadTestSearch(search: Search): LoadTestSearch {
  const contract = one(search['contract']);
  const test = one(search['test']);
  return { ...(contract !== undefined && { contract }), ...(test !== undefined && { test }) };
}
