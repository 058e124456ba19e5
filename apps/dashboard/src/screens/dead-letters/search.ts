import { one, oneOf, type Search } from '../../app/search-params.ts';

/** What the URL says of the screen. */
export interface DeadLettersSearch {
  readonly reason?: string;
  readonly queue?: string;
  readonly name?: string;
  readonly text?: string;
  /** `all`: also those that have been redriven. */
  readonly show?: 'all';
}

export function deadLettersSearch(search: Search): DeadLettersSearch {
  const texts = ['reason', 'queue', 'name', 'text'] as const;
  const found = texts.flatMap((key) => {
    const value = one(search[key])?.slice(0, 200);
    return value === undefined ? [] : [[key, value] as const];
  });
  const show = oneOf(search['show'], ['all']);
  return { ...Object.fromEntries(found), ...(show && { show }) };
}
