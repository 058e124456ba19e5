/**
 * Makes an input of one version into one of the next. It gets the input as it was sent, which its version's schema has allowed once,
 * and must be pure: it may run again for a retry. Annotate its parameter with the old type.
 */
export type Migration<R = Readonly<Record<string, unknown>>> = {
  // A method, not a property: so a migration may say what its old input looks like.
  bivariant(old: Readonly<Record<string, unknown>>): R;
}['bivariant'];

/** Rules from `Earlier` versions; the one from `Last` answers today's input. */
type Steps<Earlier extends number, Last extends number, I> = {
  readonly [From in Earlier]?: Migration<From extends Last ? I : Readonly<Record<string, unknown>>>;
};

/** By the contract's version. A table, not recursion: so the compiler knows the parameter of a rule that is not annotated. */
interface Tables<I> {
  1: { readonly [from: number]: never };
  2: Steps<1, 1, I>;
  3: Steps<1 | 2, 2, I>;
  4: Steps<1 | 2 | 3, 3, I>;
  5: Steps<1 | 2 | 3 | 4, 4, I>;
  6: Steps<1 | 2 | 3 | 4 | 5, 5, I>;
  7: Steps<1 | 2 | 3 | 4 | 5 | 6, 6, I>;
  8: Steps<1 | 2 | 3 | 4 | 5 | 6 | 7, 7, I>;
  9: Steps<1 | 2 | 3 | 4 | 5 | 6 | 7 | 8, 8, I>;
  10: Steps<1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9, 9, I>;
  11: Steps<1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10, 10, I>;
  12: Steps<1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11, 11, I>;
  13: Steps<1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12, 12, I>;
  14: Steps<1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13, 13, I>;
  15: Steps<1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14, 14, I>;
  16: Steps<1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15, 15, I>;
}

/**
 * By the version that they start from: `{ 1: (old) => …, 2: (old) => … }` for version 3. The last one answers what a submit takes.
 * A version that is left out has no rule any more: its inputs are held for redrive. Keys of versions above 16 are checked when the
 * contract is defined.
 */
export type Migrations<V extends number, I> = V extends keyof Tables<I>
  ? Tables<I>[V]
  : { readonly [from: number]: Migration };

/** By version; only own functions of whole numbers below `version`. @throws RangeError */
export function compileMigrations(migrate: unknown, version: number): ReadonlyMap<number, Migration> {
  const compiled = new Map<number, Migration>();
  if (migrate === undefined) return compiled;
  if (typeof migrate !== 'object' || migrate === null || Array.isArray(migrate))
    throw new RangeError('must be an object of functions by version, such as { 1: (old) => ({ ...old, unit: "kg" }) }');
  for (const [key, step] of Object.entries(migrate)) {
    const from = Number(key);
    if (!/^\d+$/.test(key) || from < 1)
      throw new RangeError(`${JSON.stringify(key)} is no version: a whole number from 1`);
    if (from >= version)
      throw new RangeError(`${key}: the contract is of version ${version}, so rules start from a version below it`);
    if (typeof step !== 'function') throw new RangeError(`${key}: must be a function of the old input`);
    compiled.set(from, step as Migration);
  }
  return compiled;
}
