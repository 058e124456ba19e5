// Array parameters as Postgres text literals, a column of a batch each. `pg` can do it too, at several times the cost:
// it inspects every element's type, which a column knows beforehand. An all-null column travels as NULL: `unnest` pads it.
// Joined, as a text that grows piece by piece leaves an object for each piece.

/** uuids, numbers, booleans: nothing to quote. */
export function plainArray(values: readonly (string | number | boolean | null)[]): string | null {
  if (values.every(isNull)) return null;
  return `{${(values.includes(null) ? values.map((value) => value ?? 'NULL') : values).join(',')}}`;
}

/** Any text, JSON included. */
export function textArray(values: readonly (string | null)[]): string | null {
  if (values.every(isNull)) return null;
  // Names and queues repeat: what has just been escaped need not be looked through again.
  let last: string | null = null;
  let escaped = '';
  const escape = (value: string): string => {
    if (value !== last) {
      last = value;
      escaped = /["\\]/.test(value) ? value.replace(/["\\]/g, '\\$&') : value;
    }
    return escaped;
  };
  return hasNoNull(values)
    ? `{"${values.map(escape).join('","')}"}`
    : `{${values.map((value) => (value === null ? 'NULL' : `"${escape(value)}"`)).join(',')}}`;
}

function isNull(value: unknown): boolean {
  return value === null;
}

function hasNoNull(values: readonly (string | null)[]): values is readonly string[] {
  return !values.includes(null);
}
