import { one, oneOf, type Search } from '../../app/search-params.ts';

/** What the URL says of the screen. */
export interface LettersSearch {
  readonly reason?: string;
  readonly queue?: string;
  readonly name?: string;
  readonly text?: string;
  /** `all`: also those that have been redriven. */
  readonly show?: 'all';
}

export function lettersSearch(search: Search): LettersSearch {
  const texts = ['reason', 'queue', 'name', 'text'] as const;
  const found = texts.flatMap((key) => {
    const value = one(search[key])?.slice(0, 200);
    return value === undefined ? [] : [[key, value] as const];
  });
  const show = oneOf(search['show'], ['all']);
  return { ...Object.fromEntries(found), ...(show && { show }) };
}
