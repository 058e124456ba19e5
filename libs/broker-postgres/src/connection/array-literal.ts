// Array parameters as Postgres text literals. `pg` can make them too, at several times the cost: it inspects every
// element's type, which we know beforehand.

/** `int[]`, `bigint[]`. */
export function numberArray(values: readonly number[]): string {
  return `{${values.join(',')}}`;
}

/** `text[]`. */
export function textArray(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
}
