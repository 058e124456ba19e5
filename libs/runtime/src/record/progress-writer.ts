import type { Log, ProgressItem, TaskStore } from '@lovage/ports';
import type { TaskEntry } from '../entry.ts';

const MAX_BATCH = 200;

/** Writes progress in batches, only the latest of each task: what came in between nobody could have read. */
export class ProgressWriter {
  private readonly latest = new Map<TaskEntry, string>();
  private writing = false;

  constructor(
    private readonly tasks: TaskStore,
    private readonly log: Log,
  ) {}

  add(entry: TaskEntry, progressJson: string): void {
    if (!entry.claimed) return;
    this.latest.set(entry, progressJson);
    if (!this.writing) void this.write();
  }

  /** The attempt is over: what it last reported is written with nothing to gain. */
  forget(entry: TaskEntry): void {
    this.latest.delete(entry);
  }

  private async write(): Promise<void> {
    this.writing = true;
    while (this.latest.size > 0) {
      const byWorker = new Map<string, ProgressItem[]>();
      let count = 0;
      for (const [entry, progress] of this.latest) {
        if (count === MAX_BATCH) break;
        count += 1;
        this.latest.delete(entry);
        const items = byWorker.get(entry.worker!) ?? [];
        items.push({ id: entry.id, claimNo: entry.claimNo, progress });
        byWorker.set(entry.worker!, items);
      }
      try {
        for (const [worker, items] of byWorker) await this.tasks.progress(worker, items);
      } catch (error) {
        // The next report of the task says the same and more.
        this.log.warn({ err: error }, 'progress could not be written');
      }
    }
    this.writing = false;
  }
}
