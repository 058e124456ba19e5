/** A list that one comes back to is the same as long as this, ms. */
const KEPT_MS = 5 * 60_000;

let last: { readonly list: string; readonly asOf: number; top: number } | undefined;

/**
 * The moment at which the list of a filter was read. Who opens a task and goes back finds the list as it was, and where it was
 * left.
 */
export const listMoment = {
  /** @param list filter and order. */
  of(list: string): number {
    if (last?.list === list && Date.now() - last.asOf < KEPT_MS) return last.asOf;
    return listMoment.renew(list);
  },
  renew(list: string): number {
    last = { list, asOf: Date.now(), top: 0 };
    return last.asOf;
  },
  /** How far that list was scrolled, px. */
  get top(): number {
    return last?.top ?? 0;
  },
  leave(px: number): void {
    if (last) last.top = px;
  },
};
