import type { Clock, RateCounter, RateCounters } from '@lovage/ports';
import { LRUCache } from 'lru-cache';
import { ProblemError } from '../problems/problem-error.ts';

export interface SubmitRate {
  /** Tasks of a user within the time. */
  readonly count: number;
  readonly perMs: number;
}

/** Users remembered, at most. One that is forgotten loses at most a share of what the time allows. */
const MAX_USERS = 10_000;
/**
 * A gateway takes the twentieth part of an allowance at a time, and one task at least: it asks Postgres at most twenty times for
 * each time and user, and keeps no more than that from the other gateways.
 */
const SHARES = 20;
/** With less than this left of a window nothing is returned: it could reach the next window, ms. */
const MIN_LEFT_MS = 1_000;

/** What this gateway has taken of a user's allowance. */
interface Share {
  /** Tasks that are taken and not submitted. */
  left: number;
  /** Nothing more is to be had before {@link until}. */
  spent: boolean;
  /** Monotonic ms: the end of the window. */
  until: number;
  /** What those ask for who wait for {@link taking}. */
  wanted: number;
  taking: Promise<void> | undefined;
}

/**
 * How many tasks a user may submit, at all gateways together: so many in a window of time that begins with the first. Gateways take
 * shares of the allowance from a common counter before they use them, so the sum holds, and most submits ask nobody.
 * While Postgres does not answer, each gateway counts alone. Without a rate: any number.
 */
export class SubmitLimiter {
  // It takes its room at once, so not by `max`: most gateways have few users.
  private readonly shares = new LRUCache<string, Share>({ maxSize: MAX_USERS, sizeCalculation: () => 1 });
  private readonly counter: RateCounter | undefined;
  private readonly share: number;

  constructor(
    private readonly rate: SubmitRate | undefined,
    rates: RateCounters,
    private readonly clock: Pick<Clock, 'monotonic'>,
  ) {
    this.counter =
      rate && rates.counter({ name: `submits:${rate.perMs}`, windowMs: rate.perMs, countsHereMeanwhile: true });
    this.share = Math.max(1, Math.floor((rate?.count ?? 0) / SHARES));
  }

  /**
   * Takes so many from the user's allowance. A batch of more than the whole allowance goes through when that is full, and
   * keeps the window open for as long as so many tasks need.
   * @throws ProblemError `too_many_submits`
   */
  async charge(userId: string, tasks = 1): Promise<void> {
    if (!this.rate) return;
    if (tasks > this.rate.count) return this.chargeLarge(userId, tasks, this.rate);
    for (;;) {
      const share = this.shareOf(userId);
      if (share.left >= tasks) {
        share.left -= tasks;
        return;
      }
      if (share.spent) throw tooMany(this.rate, share.until - this.clock.monotonic());
      share.wanted += tasks;
      // Submits of the same moment are counted along.
      await (share.taking ??= Promise.resolve().then(() => this.take(userId, share, this.rate!)));
    }
  }

  /** Like {@link charge}, but takes nothing: for requests that learn as they go how many tasks they make, see {@link note}. */
  async check(userId: string, tasks = 1): Promise<void> {
    if (!this.rate) return;
    const { left, endsInMs } = await this.allowance(userId, this.rate);
    if (left < Math.min(tasks, this.rate.count)) throw tooMany(this.rate, endsInMs);
  }

  /** Takes so many that were made. What is over the allowance keeps the window open for as long as so many tasks need. */
  async note(userId: string, tasks: number): Promise<void> {
    if (!this.rate || tasks === 0) return;
    const share = this.shareOf(userId);
    const held = Math.min(share.left, tasks);
    share.left -= held;
    const rest = tasks - held;
    if (rest === 0) return;
    const { count, endsInMs } = await this.counter!.add(userId, rest);
    const over = Math.min(rest, count - this.rate.count);
    if (over > 0) await this.owe(userId, share, over, endsInMs, this.rate);
  }

  /** Whether the user may make one task more now. */
  async allows(userId: string): Promise<boolean> {
    return !this.rate || (await this.allowance(userId, this.rate)).left >= 1;
  }

  private async allowance(userId: string, rate: SubmitRate): Promise<{ left: number; endsInMs: number }> {
    const { count, endsInMs } = (await this.counter!.read(userId)) ?? { count: 0, endsInMs: rate.perMs };
    return { left: Math.max(0, rate.count - count) + this.shareOf(userId).left, endsInMs };
  }

  /** Takes a share, or as much as is wanted, or what is left. Those who wait look again. */
  private async take(userId: string, share: Share, { count: most }: SubmitRate): Promise<void> {
    const asked = Math.max(this.share, share.wanted - share.left);
    share.wanted = 0;
    try {
      const { count, endsInMs } = await this.counter!.add(userId, asked);
      const granted = Math.min(asked, Math.max(0, most - (count - asked)));
      // The first of a window: what was left of the one before is void.
      share.left = (count === asked ? 0 : share.left) + granted;
      share.spent = granted < asked;
      share.until = this.clock.monotonic() + endsInMs;
    } finally {
      share.taking = undefined;
    }
  }

  /** More than the whole allowance: only while nothing of it is used. */
  private async chargeLarge(userId: string, tasks: number, rate: SubmitRate): Promise<void> {
    const share = this.shareOf(userId);
    if (share.spent) throw tooMany(rate, share.until - this.clock.monotonic());
    const { count, endsInMs } = await this.counter!.add(userId, tasks);
    if (count - tasks > share.left) {
      if (endsInMs > MIN_LEFT_MS) await this.counter!.add(userId, -tasks);
      throw tooMany(rate, endsInMs);
    }
    await this.owe(userId, share, tasks - rate.count, endsInMs, rate);
  }

  private async owe(userId: string, share: Share, over: number, endsInMs: number, rate: SubmitRate): Promise<void> {
    const ms = (over / rate.count) * rate.perMs;
    Object.assign(share, { left: 0, spent: true, until: this.clock.monotonic() + endsInMs + ms });
    await this.counter!.extend(userId, ms);
  }

  private shareOf(userId: string): Share {
    let share = this.shares.get(userId);
    if (!share) {
      share = { left: 0, spent: false, until: Infinity, wanted: 0, taking: undefined };
      this.shares.set(userId, share);
    }
    if (this.clock.monotonic() >= share.until) Object.assign(share, { left: 0, spent: false, until: Infinity });
    return share;
  }
}

function tooMany({ count, perMs }: SubmitRate, waitMs: number): ProblemError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  const detail = `${count} tasks in ${perMs / 1000} s are allowed to a user; try again in ${seconds} s`;
  return new ProblemError('too_many_submits', detail, { headers: { 'retry-after': String(seconds) } });
}
