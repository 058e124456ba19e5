import type { TaskRow } from '@lovage/ports';
import type { TaskOutcome } from './outcome.ts';

export interface WatchOptions {
  /**
   * When the row is read while no reply comes: waits between reads, ms; the last one repeats. 0 first: read at once, for
   * what may have ended before the watch began.
   */
  readonly plan: readonly number[];
  /** Called once, at the end of the task; `row` is there when the end was read from it. */
  onOutcome(outcome: TaskOutcome, row: TaskRow | undefined): void;
  /** With it, reads also tell of progress. */
  onProgress?(value: unknown, from: 'reply' | 'row'): void;
  /** No such row. Called by reads, for a task that was not submitted here; the watch ends. */
  onUnknown?(): void;
  /** The client stops; the watch ends. */
  onStop(): void;
}

/** A reply is expected, and was from before the task was sent: the read is only for a reply that got lost. */
export const PLAN_REPLY: readonly number[] = [1000, 2000, 4000, 5000];
/** A reply is expected, but may have come before anybody listened. */
export const PLAN_LATE: readonly number[] = [0, ...PLAN_REPLY];
/** No reply will come. */
export const PLAN_POLL: readonly number[] = [0, 50, 100, 200, 400, 800, 1600, 3200, 5000];

/** Watches so far. */
let made = 0;

/** One that waits for one task. */
export class Watch {
  /** Its own in this process. */
  readonly no = ++made;
  step = 0;
  /** Monotonic ms of the next read, while in a bucket. */
  dueAt = 0;
  ended = false;
  /** A read is under way; it schedules the watch anew itself. */
  reading = false;

  constructor(
    readonly id: string,
    readonly options: WatchOptions,
  ) {}

  get delayMs(): number {
    const { plan } = this.options;
    return plan[Math.min(this.step, plan.length - 1)]!;
  }
}
