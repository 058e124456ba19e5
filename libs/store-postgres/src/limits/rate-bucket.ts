/** A rate and how much of it is used. Times in ms since the epoch, by Postgres' clock. */
export interface BucketRate {
  /** As stated: one start each so many ms. */
  readonly intervalMs: number;
  /** As kept, a little slower where it is fast: `limits_step`. */
  readonly stepMs: number;
  readonly burst: number;
  /** The next time not given to anybody; null: none was ever given. */
  readonly nextAt: number | null;
  /** The next time for one that came late; null: none did. */
  readonly againAt: number | null;
  /** When the bucket of starts is full again; null: nothing has started yet. */
  readonly bucketAt: number | null;
}

export type RateGiven = Omit<BucketRate, 'stepMs' | 'burst'>;

/** A message may come this much before its time and be looked at: the sender's timer is not Postgres' clock, ms. */
const EARLY_MS = 1000;
/** Starts are kept in whole ms, which moves two of them against each other by less than this. */
const ROUNDING_MS = 2;
const SECOND_MS = 1000;

/**
 * Decides which tasks of a rate start now, and gives the others their times.
 *
 * A time is for waiting, in order; it is no right to start. Starts are counted in a bucket of tokens when they happen, so after a
 * stall, in which many times have passed, as many start as in any other second: at most `rate + burst`.
 */
export class RateBucket {
  private readonly step: number;
  private readonly burst: number;
  /** How far above `burst` tokens the bucket goes for tasks that have waited for their time, in ms of the rate. */
  private readonly slackMs: number;
  private nextAt: number;
  private againAt: number;
  private bucketAt: number;

  constructor(
    private readonly rate: BucketRate,
    private readonly now: number,
  ) {
    const { intervalMs, stepMs, burst } = rate;
    this.step = stepMs;
    this.burst = burst;
    // In any `period` (from a start on, up to but not including its end) at most ceil(period / step + tokens) - 1 start. So this
    // many tokens more keep that within period / interval + burst: a whole one of slow rates, 30 ms of fast ones.
    const period = Math.max(SECOND_MS, intervalMs);
    this.slackMs = stepMs * (1 + period / intervalMs) - period - ROUNDING_MS;
    this.nextAt = rate.nextAt ?? -Infinity;
    this.againAt = rate.againAt ?? -Infinity;
    // Further away than an empty bucket it is only when Postgres' clock was set back, or the rate is another.
    this.bucketAt = Math.min(rate.bucketAt ?? -Infinity, now + burst * stepMs + Math.max(0, this.slackMs));
  }

  /** One that has no time yet. Null: it starts now; else its time. */
  ask(): number | null {
    const at = Math.max(this.nextAt, this.now - (this.burst - 1) * this.step);
    if (at <= this.now && this.start(0)) {
      this.nextAt = at + this.step;
      return null;
    }
    const until = Math.max(at, this.freeAt);
    this.nextAt = until + this.step;
    return until;
  }

  /** One that was given this time, and comes. Null: it starts now; else its new time. */
  atItsTime(at: number): number | null {
    if (at > this.now + EARLY_MS) return at;
    if (this.start(this.slackMs)) return null;
    const until = Math.max(this.againAt, this.freeAt);
    this.againAt = until + this.step;
    // Those to come queue up behind it.
    this.nextAt = Math.max(this.nextAt, this.againAt);
    return until;
  }

  get given(): RateGiven {
    const { intervalMs } = this.rate;
    return {
      intervalMs,
      nextAt: finite(this.nextAt),
      againAt: this.againAt > this.now ? this.againAt : null,
      bucketAt: finite(this.bucketAt),
    };
  }

  /** When the bucket has a token for the next one. */
  private get freeAt(): number {
    return this.bucketAt - (this.burst - 1) * this.step;
  }

  private start(slackMs: number): boolean {
    if (this.freeAt > this.now + slackMs) return false;
    this.bucketAt = Math.max(this.bucketAt, this.now) + this.step;
    return true;
  }
}

function finite(at: number): number | null {
  return Number.isFinite(at) ? at : null;
}
