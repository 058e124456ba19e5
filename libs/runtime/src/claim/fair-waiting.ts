import { DEFAULT_PRIORITY } from '@lovage/ports';
import { Fifo } from './fifo.ts';
import { UrgentFirst } from './urgent-first.ts';

/**
 * What waits for a free slot: of each queue the most urgent first, else in the order it came; the queues in turn. A queue that is
 * flooded fills its own prefetch and no more slots than its share, whatever arrived first; a queue that is alone gets them all.
 */
export class FairWaiting<T> {
  private readonly lanes = new Map<string, UrgentFirst<T>>();
  /** Queues with something waiting; the first is next. */
  private readonly turns = new Fifo<string>();
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** @param priority 0 to 9 */
  add(queue: string, item: T, priority = DEFAULT_PRIORITY): void {
    let lane = this.lanes.get(queue);
    if (!lane) this.lanes.set(queue, (lane = new UrgentFirst()));
    if (lane.size === 0) this.turns.push(queue);
    lane.push(item, priority);
    this.count += 1;
  }

  /** At most so many, one of each queue in turn; the next call goes on where this one ended. */
  take(most: number): T[] {
    const taken: T[] = [];
    while (taken.length < most && this.turns.size > 0) {
      const queue = this.turns.shift();
      const lane = this.lanes.get(queue)!;
      taken.push(lane.shift());
      if (lane.size > 0) this.turns.push(queue);
    }
    this.count -= taken.length;
    return taken;
  }

  /** All of one queue, which no longer wait. */
  withdraw(queue: string): T[] {
    const lane = this.lanes.get(queue);
    if (!lane || lane.size === 0) return [];
    const items: T[] = [];
    while (lane.size > 0) items.push(lane.shift());
    this.count -= items.length;
    for (let n = this.turns.size; n > 0; n -= 1) {
      const next = this.turns.shift();
      if (next !== queue) this.turns.push(next);
    }
    return items;
  }

  clear(): void {
    this.lanes.clear();
    while (this.turns.size > 0) this.turns.shift();
    this.count = 0;
  }
}
