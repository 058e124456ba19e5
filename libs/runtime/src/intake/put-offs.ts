import { Batcher, hasCode } from '@lovage/foundation';
import type { Clock, Log, TaskStore, UnclaimedPostponeItem } from '@lovage/ports';
import type { TaskEntry } from '../entry.ts';
import { togetherOrApart } from '../record/apart.ts';
import type { StoreRetry } from '../store-retry.ts';
import type { HeldTasks } from './held-tasks.ts';

export interface PutOffDeps {
  readonly tasks: TaskStore;
  readonly retry: StoreRetry;
  readonly held: HeldTasks;
  readonly clock: Clock;
  readonly log: Log;
  /** Postgres refuses a value of it: no row will ever be made. */
  onUnclaimable(entry: TaskEntry, error: Error): void;
}

/**
 * Messages that are not due. Ours come when they are; other Celery producers send theirs at once and expect the worker to
 * hold them in memory. They go into the outbox instead, so no worker holds what it cannot run.
 */
export class PutOffs {
  /** Gives why it could not be put off; undefined: it is. */
  private readonly batcher: Batcher<TaskEntry, unknown>;

  constructor(private readonly deps: PutOffDeps) {
    this.batcher = new Batcher({
      flush: async (entries) => {
        const failed = new Map<TaskEntry, unknown>();
        await togetherOrApart(
          entries,
          (part) => {
            const items = part.map((entry) => this.toItem(entry));
            return deps.retry.until(() => deps.tasks.postponeUnclaimed(items));
          },
          (entry, error) => void failed.set(entry, error),
        );
        return entries.map((entry) => failed.get(entry));
      },
    });
  }

  /** Whether it is for later. */
  concerns({ task, facts }: TaskEntry): boolean {
    return task.turn < 0 && facts.eta !== null && facts.eta > this.deps.clock.now();
  }

  async putOff(entry: TaskEntry): Promise<void> {
    const { held, log, onUnclaimable } = this.deps;
    const error = await this.batcher.add(entry);
    if (error === undefined) {
      entry.ack();
      held.letGo(entry);
    } else if (hasCode(error, 'value_refused')) onUnclaimable(entry, error);
    else {
      log.error({ err: error, task: entry.id }, 'a task for later could not be put off; its message goes back');
      held.handBack(entry);
    }
  }

  private toItem({ facts, task, retries }: TaskEntry): UnclaimedPostponeItem {
    const delayMs = Math.max(0, facts.eta! - this.deps.clock.now());
    return { ...facts, turn: task.turn, retries, crashes: 0, kind: 'snooze', delayMs };
  }
}
