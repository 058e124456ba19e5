import { Batcher } from '@lovage/foundation';
import type { Clock, TaskStore, UnclaimedPostponeItem } from '@lovage/ports';
import type { TaskEntry } from '../entry.ts';
import { writeEach, type StoreRetry, type WriteOutcome } from '../store-retry.ts';

export interface EtaPostponerDeps {
  readonly tasks: Pick<TaskStore, 'postponeUnclaimed'>;
  readonly retry: StoreRetry;
  readonly clock: Clock;
}

/**
 * Messages that are not due. Ours come when they are; other Celery producers send theirs at once and expect the worker to
 * hold them in memory. They go into the outbox instead, so no worker holds what it cannot run.
 */
export class EtaPostponer {
  private readonly batcher: Batcher<TaskEntry, WriteOutcome>;

  constructor(private readonly deps: EtaPostponerDeps) {
    this.batcher = new Batcher({
      flush: (entries) =>
        writeEach<TaskEntry, WriteOutcome>(
          entries,
          (part) => this.write(part),
          (_, reason) => reason,
        ),
    });
  }

  /** Whether it is for later. */
  isFuture({ task, newTask }: TaskEntry): boolean {
    return task.generation < 0 && newTask.eta !== null && newTask.eta > this.deps.clock.now();
  }

  /** Never rejects. */
  postpone(entry: TaskEntry): Promise<WriteOutcome> {
    return this.batcher.add(entry);
  }

  private async write(entries: readonly TaskEntry[]): Promise<readonly WriteOutcome[]> {
    const { tasks, retry } = this.deps;
    const items = entries.map((entry) => this.toItem(entry));
    await retry.until(() => tasks.postponeUnclaimed(items));
    return entries.map(() => ({ kind: 'written' }));
  }

  private toItem({ newTask, task, retries }: TaskEntry): UnclaimedPostponeItem {
    const delayMs = Math.max(0, newTask.eta! - this.deps.clock.now());
    return { ...newTask, generation: task.generation, retries, crashes: 0, kind: 'snooze', delayMs };
  }
}
