import { Ticker, type Clock, type Log, type MessageHoldings, type WorkerLease } from '@lovage/ports';
import type { HeldTasks } from './held-tasks.ts';

/** Between two looks at what is asked, ms: well below the pause between two looks of the search for lost messages. */
const LOOK_EVERY_MS = 2000;

export interface HoldingsReportDeps {
  /** Those that it serves now. */
  readonly queues: () => readonly string[];
  readonly store: MessageHoldings;
  readonly lease: Pick<WorkerLease, 'id' | 'held'>;
  readonly held: HeldTasks;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Tells the search for lost messages which of them this worker holds, when it is asked: that is, while a queue is empty and
 * tasks of it wait unclaimed, as behind long tasks of a full worker. Otherwise it is one question that finds nothing.
 */
export class HoldingsReport {
  private readonly ticker: Ticker;

  constructor(private readonly deps: HoldingsReportDeps) {
    const { clock, log } = deps;
    this.ticker = new Ticker({
      ...{ clock, log, everyMs: LOOK_EVERY_MS, firstAfterMs: LOOK_EVERY_MS },
      // Without an answer the queue is left alone; the next look tries again.
      afterFailure: 'steady',
      ...{ failure: 'could not tell the search for lost messages what is held', failureLevel: 'debug' },
      run: () => this.look(),
    });
  }

  start(): void {
    void this.ticker.start();
  }

  /** Resolves when no look is under way. Idempotent. */
  stop(): Promise<void> {
    return this.ticker.stop();
  }

  private async look(): Promise<void> {
    const { queues, store, lease, held } = this.deps;
    if (!lease.held) return;
    const { id } = lease;
    // What is held is read after the question: nothing that was taken before it is left out.
    for (const queue of await store.sought(id, queues()))
      await store.report(
        id,
        queue,
        held.ofQueue(queue).map((entry) => entry.id),
      );
  }
}
