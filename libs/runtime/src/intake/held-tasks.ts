import { ChurnMap } from '@lovage/foundation';
import type { TaskEntry } from '../entry.ts';

/**
 * The tasks in this worker's hands, from delivery to settlement. Of each id one is in hand at a time: the same message
 * delivered again joins it, a message of another turn waits behind it.
 */
export class HeldTasks {
  private readonly byId = new ChurnMap<string, TaskEntry>();

  /** @param onNext gets a message that waited behind one that has been let go. */
  constructor(private readonly onNext: (entry: TaskEntry) => void) {}

  /** Takes it in hand; false when it went to the one that is. */
  take(entry: TaskEntry): boolean {
    const holding = this.byId.get(entry.id);
    if (holding) holding.adopt(entry);
    else this.byId.set(entry.id, entry);
    return !holding;
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
    return [...this.byId.values()].filter((entry) => entry.facts.queue === queue);
  }

  /** Settled: what waited behind it is next. */
  letGo(entry: TaskEntry): void {
    if (this.byId.get(entry.id) === entry) this.byId.delete(entry.id);
    for (const follower of entry.followers.splice(0)) this.onNext(follower);
  }

  /** Gives the message back to the broker, unrun or unrecorded. */
  handBack(entry: TaskEntry): void {
    entry.nack(true);
    this.letGo(entry);
  }

  handBackAll(): void {
    for (const entry of [...this.byId.values()]) this.handBack(entry);
  }
}
