// Array parameters as Postgres text literals, a column of a batch each. `pg` can do it too, at several times the cost:
// it inspects every element's type, which a column knows beforehand. An all-null column travels as NULL: `unnest` pads it.

/** uuids, numbers, booleans: nothing to quote. */
export function plainArray(values: readonly (string | number | boolean | null)[]): string | null {
  let some = false;
  let text = '{';
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i]!;
    if (i > 0) text += ',';
    if (value === null) text += 'NULL';
    else {
      some = true;
      text += value;
    }
  }
  return some ? `${text}}` : null;
}

/** Any text, JSON included. */
export function textArray(values: readonly (string | null)[]): string | null {
  let some = false;
  let text = '{';
  // Names and queues repeat: what has just been quoted need not be looked through again.
  let last: string | undefined;
  let quoted = '';
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i]!;
    if (i > 0) text += ',';
    if (value === null) text += 'NULL';
    else {
      some = true;
      if (value !== last) {
        last = value;
        quoted = `"${/["\\]/.test(value) ? value.replace(/["\\]/g, '\\$&') : value}"`;
      }
      text += quoted;
    }
  }
  return some ? `${text}}` : null;
}
