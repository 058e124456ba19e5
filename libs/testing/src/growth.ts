export interface GrowthOptions {
  /** Size of the first input. Default 500. */
  readonly from?: number;
  /** Largest size. Default 256,000. */
  readonly to?: number;
}

/** Shorter measurements say more about the clock than about the work. */
const MEASURABLE_US = 2_000;
/** The second input is so many times the first. */
const TIMES = 8;
/** So many times the first one's CPU time is not linear any more: eight times would be, 64 times is the square. */
const TOO_MANY = 26;
/** Other work of the process adds to a measurement, and never takes from it: the shortest of some is the work itself. */
const TRIES = 4;

/**
 * Expects that `work` takes CPU time in proportion to its input's size. The input is doubled until its work can be
 * measured, then made {@link TIMES} times as large. Work that cannot be measured at `to` has some bound, and is fine.
 * @param input makes an input of so many characters, members or bytes.
 * @throws Error naming both sizes and times.
 */
export function expectLinear<T>(
  input: (size: number) => T,
  work: (input: T) => unknown,
  { from = 500, to = 256_000 }: GrowthOptions = {},
): void {
  let size = from;
  let first = cpuUs(work, input(size));
  while (first < MEASURABLE_US && size < to) {
    size *= 2;
    first = cpuUs(work, input(size));
  }
  const second = cpuUs(work, input(size * TIMES));
  if (second > Math.max(first, MEASURABLE_US) * TOO_MANY)
    throw new Error(`size ${size} took ${first} µs of CPU, ${TIMES} times as much took ${second} µs`);
}

function cpuUs<T>(work: (input: T) => unknown, input: T): number {
  let least = Infinity;
  for (let n = 0; n < TRIES; n += 1) {
    const before = process.cpuUsage();
    work(input);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, user + system);
    // What takes as long is not the clock's fault.
    if (least > MEASURABLE_US * TOO_MANY * 10) break;
  }
  return least;
}
