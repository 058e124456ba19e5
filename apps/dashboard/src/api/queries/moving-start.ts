/** What is asked for a time that ends now: its start moves on, and is told anew with each request. */
export interface UntilNow {
  /** Length of that time, s. */
  readonly last?: number;
  /** Seconds of a point, of an answer that has points: the time is whole points then, which stay where they are. */
  readonly step?: number;
}

/**
 * The parameters of a request: `last` as `from`. A query's key holds `last`. Were `from` a part of it, each step of the clock would be another
 * query, and what is shown would be lost with the first one that fails.
 */
export function withStart<T extends UntilNow>(
  { last, ...ask }: T,
  now: number,
): Omit<T, 'last'> & { readonly from?: string } {
  if (last === undefined) return ask;
  const stepMs = (ask.step ?? 0) * 1_000;
  const end = stepMs === 0 ? now : Math.ceil(now / stepMs) * stepMs;
  return { ...ask, from: new Date(end - last * 1_000).toISOString() };
}
