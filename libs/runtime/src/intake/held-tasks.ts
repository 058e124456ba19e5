import { RecyclingMap } from '@lovage/foundation';
import type { MessageEnd, TaskEntry } from '../entry.ts';

/**
 * The tasks in this worker's hands, from delivery to settlement. Of each id one is in hand at a time: the same message
 * delivered again joins it, a message of another generation waits behind it.
 */
export class HeldTasks {
  private readonly byId = new RecyclingMap<string, TaskEntry>();

  /** `taken`: it is in hand now. `joined`, `behind`: another of its id is, which deals with its message, or goes first. */
  take(entry: TaskEntry): 'taken' | 'joined' | 'behind' {
    const holding = this.byId.get(entry.id);
    if (holding) return holding.adopt(entry);
    this.byId.set(entry.id, entry);
    return 'taken';
  }

  /** Whether a task is in hand, whatever message brought it. */
  holds(id: string): boolean {
    return this.byId.get(id) !== undefined;
  }

  has(entry: TaskEntry): boolean {
    return this.byId.get(entry.id) === entry;
  }

  /** Those of a queue. */
  ofQueue(queue: string): TaskEntry[] {
    return [...this.byId.values()].filter((entry) => entry.newTask.queue === queue);
  }

  all(): TaskEntry[] {
    return [...this.byId.values()];
  }

  /** It leaves this worker, its message settled so. Returns the messages that waited behind it, which are next. */
  leave(entry: TaskEntry, message: MessageEnd): readonly TaskEntry[] {
    entry.leave(message);
    if (this.byId.get(entry.id) === entry) this.byId.delete(entry.id);
    return entry.takeFollowers();
  }
}
