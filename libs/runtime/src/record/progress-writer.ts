import { hasCode } from '@lovage/foundation';
import type { Log, ProgressItem, TaskStore } from '@lovage/ports';
import type { TaskEntry } from '../entry.ts';

const MAX_BATCH = 200;

/**
 * Writes progress in batches, only the latest of each task: what came in between nobody could have read. The last one is
 * always written: the end of an attempt waits for it, since the row takes no progress after its end.
 */
export class ProgressWriter {
  private readonly latest = new Map<TaskEntry, string>();
  private inFlight: ReadonlySet<TaskEntry> = new Set();
  /** Settled when the batch under way is. */
  private flushed: Promise<void> = Promise.resolve();
  /** Settled when nothing is left to write. Never rejects. */
  private writing: Promise<void> | undefined;

  constructor(
    private readonly tasks: TaskStore,
    private readonly log: Log,
  ) {}

  add(entry: TaskEntry, progressJson: string): void {
    if (!entry.claimed) return;
    this.latest.set(entry, progressJson);
    this.writing ??= this.write();
  }

  /** Settled once what the task has reported is written, or could not be; undefined when nothing of it is left to write. */
  written(entry: TaskEntry): Promise<void> | undefined {
    return this.pending(entry) ? this.untilWritten(entry) : undefined;
  }

  /** Resolves once everything reported so far is written. */
  async idle(): Promise<void> {
    await this.writing;
  }

  private pending(entry: TaskEntry): boolean {
    return this.latest.has(entry) || this.inFlight.has(entry);
  }

  // Batch by batch: on a busy worker there is always more to write, of other tasks.
  private async untilWritten(entry: TaskEntry): Promise<void> {
    while (this.pending(entry)) await this.flushed;
  }

  private async write(): Promise<void> {
    while (this.latest.size > 0) {
      this.flushed = this.flush();
      await this.flushed;
    }
    this.writing = undefined;
  }

  /** A value that Postgres refuses costs its own task only. */
  private async writeItems(worker: string, items: readonly ProgressItem[]): Promise<void> {
    try {
      await this.tasks.progress(worker, items);
    } catch (error) {
      if (items.length > 1 && hasCode(error, 'value_refused')) {
        for (const item of items) await this.writeItems(worker, [item]);
        return;
      }
      // The next report of the task says the same and more.
      this.log.warn({ err: error }, 'progress could not be written');
    }
  }

  private async flush(): Promise<void> {
    const byWorker = new Map<string, ProgressItem[]>();
    const batch = new Set<TaskEntry>();
    for (const [entry, progress] of this.latest) {
      if (batch.size === MAX_BATCH) break;
      batch.add(entry);
      this.latest.delete(entry);
      const items = byWorker.get(entry.worker!) ?? [];
      items.push({ id: entry.id, claimNo: entry.claimNo, progress });
      byWorker.set(entry.worker!, items);
    }
    this.inFlight = batch;
    for (const [worker, items] of byWorker) await this.writeItems(worker, items);
    this.inFlight = new Set();
  }
}
