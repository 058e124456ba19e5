export interface GrowthOptions {
  /** Size of the first input. Default 500. */
  readonly from?: number;
  /** Largest size that is doubled. Default 64,000. */
  readonly to?: number;
}

/** Shorter measurements say more about the clock than about the work. */
const MEASURABLE_US = 2_000;
/** The second input is so many times the first. */
const TIMES = 8;
/** So many times the first one's CPU time is not linear any more: eight times would be, 64 times is the square. */
const TOO_MANY = 32;
/** The whole is done so often before it fails: a collection of garbage, or a cache that is too small, strikes by chance. */
const ROUNDS = 2;
/** Other work of the process adds to a measurement, and never takes from it: the shortest of some is the work itself. */
const TRIES = 3;

/**
 * Expects that `work` takes CPU time in proportion to its input's size. The input is doubled until its work can be
 * measured, then made {@link TIMES} times as large. Work that cannot be measured at `to` has some bound, and is fine.
 * @param input makes an input of so many characters, members or bytes.
 * @throws Error naming both sizes and times.
 */
export function expectLinear<T>(
  input: (size: number) => T,
  work: (input: T) => unknown,
  { from = 500, to = 64_000 }: GrowthOptions = {},
): void {
  for (let round = 1; ; round += 1) {
    let size = from;
    let first = cpuUs(work, input(size));
    while (first < MEASURABLE_US && size < to) {
      size *= 2;
      first = cpuUs(work, input(size));
    }
    const most = Math.max(first, MEASURABLE_US) * TOO_MANY;
    const second = cpuUs(work, input(size * TIMES), most);
    if (second <= most) return;
    if (round === ROUNDS)
      throw new Error(`size ${size} took ${first} µs of CPU, ${TIMES} times as much took ${second} µs`);
  }
}

/** @param enough fewer need not be found. */
function cpuUs<T>(work: (input: T) => unknown, input: T, enough = MEASURABLE_US): number {
  let least = Infinity;
  for (let n = 0; n < TRIES && least > enough; n += 1) {
    const before = process.cpuUsage();
    work(input);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, user + system);
  }
  return least;
}
