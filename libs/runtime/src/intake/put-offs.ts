import { Batcher } from '@lovage/foundation';
import type { Clock, Log, TaskStore, UnclaimedPostponeItem } from '@lovage/ports';
import type { TaskEntry } from '../entry.ts';
import type { StoreRetry } from '../store-retry.ts';
import type { HeldTasks } from './held-tasks.ts';

export interface PutOffDeps {
  readonly tasks: TaskStore;
  readonly retry: StoreRetry;
  readonly held: HeldTasks;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Messages that are not due. Ours come when they are; other Celery producers send theirs at once and expect the worker to
 * hold them in memory. They go into the outbox instead, so no worker holds what it cannot run.
 */
export class PutOffs {
  private readonly batcher: Batcher<TaskEntry>;

  constructor(private readonly deps: PutOffDeps) {
    this.batcher = new Batcher({
      flush: async (entries) => {
        const items = entries.map((entry) => this.toItem(entry));
        await deps.retry.until(() => deps.tasks.postponeUnclaimed(items));
        return [];
      },
    });
  }

  /** Whether it is for later. */
  concerns({ task, facts }: TaskEntry): boolean {
    return task.turn < 0 && facts.eta !== null && facts.eta > this.deps.clock.now();
  }

  async putOff(entry: TaskEntry): Promise<void> {
    const { held, log } = this.deps;
    try {
      await this.batcher.add(entry);
      entry.ack();
      held.letGo(entry);
    } catch (error) {
      log.error({ err: error, task: entry.id }, 'a task for later could not be put off; its message goes back');
      held.handBack(entry);
    }
  }

  private toItem({ facts, task, retries }: TaskEntry): UnclaimedPostponeItem {
    const delayMs = Math.max(0, facts.eta! - this.deps.clock.now());
    return { ...facts, turn: task.turn, retries, crashes: 0, kind: 'snooze', delayMs };
  }
}
