import { Signal, type Service } from '@lovage/foundation';
import {
  systemClock,
  Ticker,
  type Clock,
  type CountedEnds,
  type HistoryKept,
  type HistoryStore,
  type Log,
} from '@lovage/ports';

export interface HistoryCounterOptions {
  readonly history: HistoryStore;
  readonly kept: HistoryKept;
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Between passes, ms. Default 5000. */
  readonly everyMs?: number;
}

/**
 * Ended tasks of one transaction. While it lasts, a delete of uncounted ones waits; so where it takes long, as failures with
 * long stacks may, the next is smaller. Few sizes, as each is a statement of its own.
 */
const BATCHES = [5_000, 1_000, 200] as const;
/** A batch that took longer is followed by a smaller one, one that took less than a tenth of it by a larger, ms. */
const LONG_MS = 500;
/** Between two looks for what is kept no longer, ms, and rows of each kind that one statement deletes. */
const PRUNE_EVERY_MS = 10 * 60_000;
const PRUNE_BATCH = 2_000;
/** More at once than a platform ends within a pass is told of: a beat was away. */
const MANY = 100_000;

/** Counts ended tasks into the history, beside the path of tasks, and deletes what is kept no longer. Any number may run. */
export class HistoryCounter implements Service {
  /** A batch has been counted. For tests. */
  readonly counted = new Signal<CountedEnds>();
  private readonly ticker: Ticker;
  private readonly clock: Clock;
  private prunedAt = -Infinity;
  private inARow = 0;
  /** Which of the batches comes next. */
  private size = 0;

  constructor(private readonly options: HistoryCounterOptions) {
    const { log, clock = systemClock, everyMs = 5000 } = options;
    this.clock = clock;
    this.ticker = new Ticker({
      everyMs,
      clock,
      run: () => this.runOnce(),
      log,
      failure: 'ended tasks could not be counted; tried again',
    });
  }

  start(): Promise<void> {
    return this.ticker.start();
  }

  stop(): Promise<void> {
    return this.ticker.stop();
  }

  /** One batch, now. Resolves to whether there is more to do. @throws StoreUnavailableError */
  async runOnce(): Promise<boolean> {
    const { history, kept, log } = this.options;
    const began = this.clock.monotonic();
    const counted = await history.count(BATCHES[this.size]!);
    const tookMs = this.clock.monotonic() - began;
    if (tookMs > LONG_MS) this.size = Math.min(this.size + 1, BATCHES.length - 1);
    else if (tookMs < LONG_MS / 10) this.size = Math.max(this.size - 1, 0);
    this.inARow += counted.tasks;
    this.counted.emit(counted);
    if (counted.more) return true;
    if (this.inARow >= MANY)
      log.info({ tasks: this.inARow }, 'tasks that ended while nobody counted are in the history');
    this.inARow = 0;
    if (this.clock.monotonic() - this.prunedAt < PRUNE_EVERY_MS) return false;
    if (await history.prune(kept, PRUNE_BATCH)) return true;
    this.prunedAt = this.clock.monotonic();
    return false;
  }
}
