import type { QueryValues } from '../api/send.ts';
import { queryString } from '../api/send.ts';

/** The search of a URL: a text, or several of the same name. Screens make more of them in `validateSearch`. */
export type Search = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Plain `?a=1&b=x&b=y`, as people write and read it. */
export function parseSearch(text: string): Search {
  const search: Record<string, string | string[]> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const before = Object.hasOwn(search, name) ? search[name] : undefined;
    // A name like __proto__ is a name.
    Object.defineProperty(search, name, {
      value: before === undefined ? value : [before, value].flat(),
      ...{ enumerable: true, writable: true, configurable: true },
    });
  }
  return search;
}

export function formatSearch(search: Record<string, unknown>): string {
  return queryString(search as QueryValues);
}

/** The first text of a parameter, if there is one. */
export function one(value: string | readonly string[] | undefined): string | undefined {
  const first = Array.isArray(value) ? (value as readonly string[])[0] : (value as string | undefined);
  return first === '' ? undefined : first;
}

/** A parameter that may be one of some; else undefined. */
export function oneOf<T extends string>(
  value: string | readonly string[] | undefined,
  all: readonly T[],
): T | undefined {
  return all.find((each) => each === one(value));
}
