import { backoffDelayMs, Batcher, isolate, Signal, type BackoffPolicy } from '@lovage/foundation';
import { StoreUnavailableError, type Clock, type Log, type NewTask, type RowGaps, type TaskStore } from '@lovage/ports';
import { RowLedger } from './row-ledger.ts';

export interface RowWriterOptions {
  readonly tasks: Pick<TaskStore, 'insertQueued'>;
  readonly log: Log;
  readonly clock: Clock;
  /** Rows kept while Postgres is away. Beyond it the oldest are dropped: the worker's claim makes them anyway. Default 10000. */
  readonly maxKept?: number;
  /** Gets to know which rows are not written; without it nobody else does. */
  readonly gaps?: RowGaps | undefined;
}

const BATCH = 200;
const RETRY: BackoffPolicy = { kind: 'exponential', delayMs: 250, maxDelayMs: 10_000, jitter: true };

/**
 * Writes the rows of tasks whose message the broker has confirmed, in batches. Such a task is accepted whatever becomes of
 * its row here, so {@link write} never rejects: while Postgres is away rows are kept and tried again.
 */
export class RowWriter {
  /** A try to write what was kept has ended. For tests. */
  readonly tried = new Signal<{ left: number }>();
  private readonly batcher: Batcher<NewTask>;
  /** Until they are written: a caller that asks is told that they may be missing. */
  private kept: readonly NewTask[] = [];
  /** Postgres did not answer the last time; callers do not wait for another failing try. */
  private away = false;
  private failures = 0;
  private cancelTimer: (() => void) | undefined;
  private stopped = false;
  private readonly ledger: RowLedger | undefined;

  constructor(private readonly options: RowWriterOptions) {
    const { gaps, clock, log } = options;
    this.ledger = gaps && new RowLedger({ gaps, kept: () => this.kept, clock, log });
    this.batcher = new Batcher<NewTask>({ maxSize: BATCH, concurrency: 2, flush: (batch) => this.flush(batch) });
  }

  /** Resolves when the row is there, or is kept for another try. */
  write(task: NewTask): Promise<void> {
    this.ledger?.begin();
    return this.batcher.add(task);
  }

  /** Rows kept for another try. */
  get keptCount(): number {
    return this.kept.length;
  }

  /** Whether the row of this task is among them. */
  keeps(id: string): boolean {
    return this.kept.some((task) => task.id === id);
  }

  /** Writes what is under way and makes one last try for what was kept. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.cancelTimer?.();
    await this.batcher.idle();
    await this.writeKept();
    await this.ledger?.stop(this.kept.length === 0);
    if (this.kept.length > 0)
      this.options.log.warn(
        { rows: this.kept.length },
        'stopped while Postgres is away: the rows of these tasks are made when a worker takes them',
      );
  }

  private async flush(batch: NewTask[]): Promise<readonly void[]> {
    if (this.away || !(await this.insert(batch))) this.keep(batch);
    return [];
  }

  /** False: Postgres is away, nothing was written. */
  private async insert(batch: readonly NewTask[]): Promise<boolean> {
    const { tasks, log } = this.options;
    const isAway = (error: unknown): boolean => error instanceof StoreUnavailableError;
    try {
      // A row inserted twice is no harm.
      await isolate<NewTask, void>(batch, {
        write: (part) => tasks.insertQueued(part).then(() => []),
        isOfOne: (error) => !isAway(error),
        onFaulty: ({ id: taskId }, err) => {
          log.error(
            { err, taskId },
            'the row of a submitted task was refused; it is made when a worker takes the task',
          );
          return [];
        },
      });
      return true;
    } catch (error) {
      if (isAway(error)) return false;
      throw error;
    }
  }

  private keep(batch: readonly NewTask[]): void {
    if (!this.away)
      this.options.log.warn({}, 'Postgres is away; submits go on, their rows are written when it is back');
    this.away = true;
    const kept = [...this.kept, ...batch];
    const over = kept.length - (this.options.maxKept ?? 10_000);
    if (over > 0) this.ledger?.lost(kept.slice(0, over));
    this.kept = kept.slice(Math.max(0, over));
    this.schedule();
  }

  private schedule(): void {
    if (this.cancelTimer || this.stopped) return;
    this.failures += 1;
    this.cancelTimer = this.options.clock.after(backoffDelayMs(RETRY, this.failures), () => {
      this.cancelTimer = undefined;
      void this.writeKept();
    });
  }

  private async writeKept(): Promise<void> {
    if (this.kept.length === 0) return;
    // First that rows are missing, then the rows: a caller that asks in between must not be told that the task is unknown.
    await this.ledger?.renew();
    while (this.kept.length > 0) {
      const batch = new Set(this.kept.slice(0, BATCH));
      if (!(await this.insert([...batch]))) {
        this.schedule();
        return void this.tried.emit({ left: this.kept.length });
      }
      this.kept = this.kept.filter((task) => !batch.has(task));
    }
    this.away = false;
    this.failures = 0;
    this.options.log.info({}, 'the rows kept while Postgres was away are written');
    this.tried.emit({ left: 0 });
  }
}
