/** A list that one comes back to is the same as long as this, ms. */
const KEPT_MS = 5 * 60_000;

let last: { readonly q: string; readonly asOf: number } | undefined;

/**
 * The moment at which the list of a filter was read. Whoever opens a task and goes back finds the list as it was, from which
 * place in it the browser remembers.
 */
export const listMoment = {
  of(q: string): number {
    if (last?.q === q && Date.now() - last.asOf < KEPT_MS) return last.asOf;
    return listMoment.renew(q);
  },
  renew(q: string): number {
    last = { q, asOf: Date.now() };
    return last.asOf;
  },
};
