import { Lifecycle, Signal, type Service } from '@lovage/foundation';
import {
  systemClock,
  type Clock,
  type CountedEnds,
  type HistoryKept,
  type HistoryStore,
  type Log,
} from '@lovage/ports';
import { Ticker } from '../ticker.ts';

export interface HistoryCounterOptions {
  readonly history: HistoryStore;
  readonly kept: HistoryKept;
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Between passes, ms. Default 5000. */
  readonly everyMs?: number;
}

/** Ended tasks of one transaction: some tens of milliseconds, in which whoever deletes uncounted ones waits. */
const BATCH = 5_000;
/** Between two looks for what is kept no longer, ms, and rows of each kind that one statement deletes. */
const PRUNE_EVERY_MS = 10 * 60_000;
const PRUNE_BATCH = 2_000;
/** More at once than a platform ends within a pass is told of: a beat was away. */
const MANY = 20 * BATCH;

/** Counts ended tasks into the history, beside the path of tasks, and deletes what is kept no longer. Any number may run. */
export class HistoryCounter implements Service {
  /** A batch has been counted. For tests. */
  readonly counted = new Signal<CountedEnds>();
  private readonly lifecycle = new Lifecycle(
    async () => this.ticker.start(),
    () => this.ticker.stop(),
  );
  private readonly ticker: Ticker;
  private readonly clock: Clock;
  private prunedAt = -Infinity;
  private inARow = 0;

  constructor(private readonly options: HistoryCounterOptions) {
    const { log, clock = systemClock, everyMs = 5000 } = options;
    this.clock = clock;
    this.ticker = new Ticker({
      everyMs,
      clock,
      run: () => this.runOnce(),
      onFailure: (error, count) =>
        log[count === 1 ? 'warn' : 'debug']({ err: error }, 'ended tasks could not be counted; tried again'),
    });
  }

  start(): Promise<void> {
    return this.lifecycle.start();
  }

  stop(): Promise<void> {
    return this.lifecycle.stop();
  }

  /** One batch, now. Resolves to whether there is more to do. @throws StoreUnavailableError */
  async runOnce(): Promise<boolean> {
    const { history, kept, log } = this.options;
    const counted = await history.count(BATCH);
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
