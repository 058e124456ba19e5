import { RecyclingMap } from '@lovage/foundation';
import type { Clock } from '@lovage/ports';
import type { Watch } from './watch.ts';

/**
 * Polls for lost replies: tells which watches are due for a read of their rows, with one timer for all of them. The waits come from a few constants, so a bucket
 * per wait is in order of time by itself: adding, removing and finding the next are O(1), with ten thousand waiting too.
 */
export class RowPoll {
  private readonly buckets = new Map<number, RecyclingMap<number, Watch>>();
  private cancelTimer: (() => void) | undefined;
  private timerAt = Infinity;

  constructor(
    private readonly clock: Clock,
    private readonly onDue: (watches: Watch[]) => void,
  ) {}

  add(watch: Watch): void {
    const { delayMs } = watch;
    watch.dueAt = this.clock.monotonic() + delayMs;
    let bucket = this.buckets.get(delayMs);
    if (!bucket) this.buckets.set(delayMs, (bucket = new RecyclingMap()));
    bucket.set(watch.no, watch);
    if (watch.dueAt < this.timerAt) this.setTimer(watch.dueAt);
  }

  remove(watch: Watch): void {
    this.buckets.get(watch.delayMs)?.delete(watch.no);
  }

  stop(): void {
    this.cancelTimer?.();
    this.buckets.clear();
    this.timerAt = -Infinity;
  }

  private setTimer(at: number): void {
    this.cancelTimer?.();
    this.timerAt = at;
    this.cancelTimer = this.clock.after(Math.max(0, at - this.clock.monotonic()), () => this.fire());
  }

  private fire(): void {
    const now = this.clock.monotonic();
    const due: Watch[] = [];
    let next = Infinity;
    for (const bucket of this.buckets.values())
      for (const watch of bucket.values()) {
        // A timer may fire a fraction of a millisecond early.
        if (watch.dueAt > now + 1) {
          next = Math.min(next, watch.dueAt);
          break;
        }
        bucket.delete(watch.no);
        due.push(watch);
      }
    this.cancelTimer = undefined;
    this.timerAt = Infinity;
    if (next < Infinity) this.setTimer(next);
    if (due.length > 0) this.onDue(due);
  }
}
