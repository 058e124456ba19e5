import type { Clock, Log, MessageHoldings, WorkerLease } from '@lovage/ports';
import type { HeldTasks } from './held-tasks.ts';

/** Between two looks at what is asked, ms: well below the pause between two looks of the search for lost messages. */
const LOOK_EVERY_MS = 2000;

export interface HoldingsReportDeps {
  readonly queues: readonly string[];
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
  private cancelTimer: (() => void) | undefined;
  private looking: Promise<void> | undefined;
  private stopped = false;

  constructor(private readonly deps: HoldingsReportDeps) {}

  start(): void {
    if (this.stopped) return;
    this.cancelTimer = this.deps.clock.after(LOOK_EVERY_MS, () => {
      this.looking = this.look();
    });
  }

  /** Resolves when no look is under way. Idempotent. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.cancelTimer?.();
    await this.looking;
  }

  private async look(): Promise<void> {
    const { queues, store, lease, held, log } = this.deps;
    try {
      if (lease.held) {
        const { id } = lease;
        // What is held is read after the question: nothing that was taken before it is left out.
        for (const queue of await store.sought(id, queues))
          await store.report(
            id,
            queue,
            held.ofQueue(queue).map((entry) => entry.id),
          );
      }
    } catch (error) {
      // Without an answer the queue is left alone; the next look tries again.
      log.debug({ err: error }, 'could not tell the search for lost messages what is held');
    }
    this.start();
  }
}
