/** What is counted of a key. */
export interface RateCount {
  readonly count: number;
  /** Time until the window ends and the count is zero again, ms. */
  readonly endsInMs: number;
}

/**
 * Counts of keys within windows of time, the same for all processes of a platform. A window begins with the first thing that is
 * counted of a key. A count is never forgotten before its window ends, however many keys there are.
 * All methods throw StoreUnavailableError, unless the counter was opened with `countsHereMeanwhile`.
 */
export interface RateCounter {
  /** `undefined`: no window is open. */
  read(key: string): Promise<RateCount | undefined>;
  /** The count with `n` added. Negative: subtracts what was added before. */
  add(key: string, n: number): Promise<RateCount>;
  /** Lets the open window end later by so many ms. Does nothing when none is open. */
  extend(key: string, ms: number): Promise<void>;
}

export interface RateCounterOptions {
  /** Tells the counters of a platform apart, such as `submits`. */
  readonly name: string;
  readonly windowMs: number;
  /** While Postgres does not answer, count in this process alone and throw nothing. Default: throw. */
  readonly countsHereMeanwhile?: boolean;
}

export interface RateCounters {
  counter(options: RateCounterOptions): RateCounter;
}
