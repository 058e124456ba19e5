import { publicIdOf } from '@lovage/celery';
import type { Platform } from '@lovage/platform';

/** A task for later. */
export interface ScheduledTask {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly input: unknown;
  /** null: none was asked for. */
  readonly priority: number | null;
  /** ms since the epoch. */
  readonly eta: number;
}

/** Tasks for later of these queues, at most `limit`. @throws StoreUnavailableError */
export type QueueScheduled = (queues: readonly string[], limit: number) => Promise<readonly ScheduledTask[]>;

/** Tasks for later wait in the database, for whichever worker of their queue is free then. */
export function scheduledTasks(lists: Platform['lists']): QueueScheduled {
  return async (queues, limit) => {
    const found: ScheduledTask[] = [];
    for (const queue of queues) {
      if (found.length >= limit) break;
      const page = await lists.list({ states: ['SCHEDULED', 'RETRY'], queue }, { limit: limit - found.length });
      for (const task of page.items) {
        const { name, input, priority, eta } = task;
        if (eta !== null) found.push({ id: publicIdOf(task), name, queue, input, priority, eta });
      }
    }
    return found.sort((a, b) => a.eta - b.eta);
  };
}
