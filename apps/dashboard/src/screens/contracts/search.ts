import { one, oneOf, type Search } from '../../app/search-params.ts';

export const RANGES = { hour: 3_600, day: 86_400, week: 604_800 } as const;
export type ContractRange = keyof typeof RANGES;
export const CONTRACT_TABS = ['run', 'schemas', 'stats'] as const;
export type ContractTab = (typeof CONTRACT_TABS)[number];

export interface ContractsSearch {
  /** Part of a name. */
  readonly q?: string;
  /** Of which time the rates tell. Left out: a day. */
  readonly range?: ContractRange;
}

const rangeOf = (search: Search): ContractRange | undefined =>
  oneOf(search['range'], Object.keys(RANGES) as readonly ContractRange[]);

export function contractsSearch(search: Search): ContractsSearch {
  const q = one(search['q']);
  const range = rangeOf(search);
  return { ...(q !== undefined && { q }), ...(range !== undefined && range !== 'day' && { range }) };
}

export interface ContractSearch {
  readonly tab?: ContractTab;
  readonly range?: ContractRange;
}

export function contractSearch(search: Search): ContractSearch {
  const tab = oneOf(search['tab'], CONTRACT_TABS);
  const range = rangeOf(search);
  return { ...(tab !== undefined && { tab }), ...(range !== undefined && range !== 'day' && { range }) };
}
