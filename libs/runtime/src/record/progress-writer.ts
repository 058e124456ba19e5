import { isolate } from '@lovage/foundation';
import type { Log, ProgressItem, TaskStore } from '@lovage/ports';
import type { TaskEntry } from '../entry.ts';
import type { Replies } from './settler.ts';

const MAX_BATCH = 200;

/**
 * Tells of progress: in a reply, and in the row. Rows are written in batches, with the latest of each task only: what came in between nobody could
 * have read. The last one is
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
    private readonly tasks: Pick<TaskStore, 'progress'>,
    private readonly replies: Pick<Replies, 'progressed'>,
    private readonly log: Log,
  ) {}

  add(entry: TaskEntry, progressJson: string): void {
    if (entry.claimed) {
      this.latest.set(entry, progressJson);
      this.writing ??= this.write();
    }
    this.replies.progressed(entry, progressJson);
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
    const write = async (batch: readonly ProgressItem[]): Promise<[]> => {
      await this.tasks.progress(worker, batch);
      return [];
    };
    // The next report of the task says the same and more.
    const unwritten = (error: unknown): [] => {
      this.log.warn({ err: error }, 'progress could not be written');
      return [];
    };
    await isolate(items, { write, onFaulty: (_, error) => unwritten(error) }).catch(unwritten);
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
