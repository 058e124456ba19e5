import type { CountedEnding } from './endings.ts';

/** A service is there again, or will be: the moment from which its return is counted. */
export interface Return {
  readonly what: string;
  /** ms since 1970. */
  readonly at: number;
}

export interface Recovery {
  /**
   * The longest time from a return to the first record of a task that was also claimed after it, ms: what was in the middle
   * when the service went needs less of it. Undefined: nothing was left to claim.
   */
  readonly firstMs: number | undefined;
  /** From the last return to the last task recorded, ms. */
  readonly allMs: number | undefined;
}

/** @param endings in the order of time. */
export function recoveryOf(returns: readonly Return[], endings: readonly CountedEnding[]): Recovery {
  const firsts = endings.filter((ending) => !ending.changed);
  const last = firsts.at(-1)?.at;
  const after = returns.flatMap(({ at }) => {
    const first = firsts.find(({ startedAt }) => startedAt !== null && startedAt > at);
    return first === undefined ? [] : [first.at - at];
  });
  const lastReturn = Math.max(...returns.map(({ at }) => at));
  return {
    firstMs: after.length === 0 ? undefined : Math.max(...after),
    allMs: last === undefined || returns.length === 0 ? undefined : Math.max(0, last - lastReturn),
  };
}
