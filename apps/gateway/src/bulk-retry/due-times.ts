import type { Clock } from '@lovage/ports';
import { rateIntervalMs } from '@lovage/task';

/** Spreads many tasks over time: each is given its moment in the outbox, so no request waits for them. */
export class DueTimes {
  private readonly intervalMs: number;
  private next: number;
  private given: number | null = null;

  /**
   * @param rate `50/s`; undefined: all at once.
   * @param from ms since the epoch: where an earlier request of the same row of tasks has ended.
   */
  constructor(
    rate: string | undefined,
    private readonly clock: Clock,
    from: number | null,
  ) {
    this.intervalMs = rate === undefined ? 0 : rateIntervalMs(rate);
    this.next = this.intervalMs === 0 ? clock.now() : Math.max(clock.now(), from ?? 0);
  }

  /** The moment of the next task, ms since the epoch, and how far away it is. */
  take(): { at: number; delayMs: number } {
    const at = Math.round(this.next);
    this.next += this.intervalMs;
    this.given = at;
    return { at, delayMs: Math.max(0, at - this.clock.now()) };
  }

  /** Where to go on; null: at once. */
  get following(): number | null {
    return this.intervalMs === 0 ? null : Math.round(this.next);
  }

  /** The last moment that was given. */
  get last(): number | null {
    return this.given;
  }
}
