import type { Clock } from '@lovage/ports';

/** Passes values on, at most one in each interval: the first at once, and never without the last. */
export class Throttle<T> {
  private nextAt = -Infinity;
  private waiting: { value: T } | undefined;
  private cancelTimer: (() => void) | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly intervalMs: number,
    private readonly pass: (value: T) => void,
  ) {}

  push(value: T): void {
    this.waiting = { value };
    if (this.cancelTimer) return;
    const wait = this.nextAt - this.clock.monotonic();
    if (wait <= 0) return this.flush();
    this.cancelTimer = this.clock.after(Math.ceil(wait), () => this.flush());
  }

  /** Passes on what waits, now. */
  flush(): void {
    this.close();
    const { waiting } = this;
    this.waiting = undefined;
    if (!waiting) return;
    this.nextAt = this.clock.monotonic() + this.intervalMs;
    this.pass(waiting.value);
  }

  /** Nothing is passed on by a timer any more. */
  close(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
  }
}
