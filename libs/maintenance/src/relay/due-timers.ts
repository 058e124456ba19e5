import type { Clock } from '@lovage/ports';

/**
 * Calls back for each item when its time has come, never before: one timer for each millisecond that has items, since a
 * thousand of them may be due within a second.
 */
export class DueTimers<T> {
  private readonly buckets = new Map<number, { items: T[]; cancelTimer: () => void }>();

  constructor(
    private readonly clock: Clock,
    private readonly onDue: (items: T[]) => void,
  ) {}

  /** @param at monotonic ms; a time that has passed is due at once, within this call. */
  add(item: T, at: number): void {
    if (at <= this.clock.monotonic()) return this.onDue([item]);
    const bucket = Math.ceil(at);
    const there = this.buckets.get(bucket);
    if (there) there.items.push(item);
    else this.buckets.set(bucket, { items: [item], cancelTimer: this.timer(bucket) });
  }

  /** Empties it, and returns what was not due yet. */
  clear(): T[] {
    const items = [...this.buckets.values()].flatMap((bucket) => {
      bucket.cancelTimer();
      return bucket.items;
    });
    this.buckets.clear();
    return items;
  }

  private timer(bucket: number): () => void {
    return this.clock.after(Math.max(1, bucket - this.clock.monotonic()), () => this.fire(bucket));
  }

  private fire(bucket: number): void {
    const due = this.buckets.get(bucket);
    if (!due) return;
    // Timers of Node.js may fire a fraction of a millisecond early.
    if (this.clock.monotonic() < bucket) return void (due.cancelTimer = this.timer(bucket));
    this.buckets.delete(bucket);
    this.onDue(due.items);
  }
}
