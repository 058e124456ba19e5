import type { Clock } from '@lovage/ports';

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** A clock that stands still until the test moves it. Timers run in the order of their times, within {@link advance}. */
export class TestClock implements Clock {
  private elapsed = 0;
  private timers: Timer[] = [];

  /** @param startMs wall clock at the start, ms since the epoch. */
  constructor(private readonly startMs = Date.UTC(2026, 0, 1)) {}

  now(): number {
    return this.startMs + this.elapsed;
  }

  monotonic(): number {
    return this.elapsed;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { at: this.elapsed + Math.max(0, delayMs), run };
    const later = this.timers.findIndex((other) => other.at > timer.at);
    this.timers.splice(later < 0 ? this.timers.length : later, 0, timer);
    return () => void (this.timers = this.timers.filter((other) => other !== timer));
  }

  /** Timers not yet run. */
  get pending(): number {
    return this.timers.length;
  }

  /** Moves time on and runs what falls due, with the microtasks that follows from each before the next. */
  async advance(ms: number): Promise<void> {
    const until = this.elapsed + ms;
    for (;;) {
      const next = this.timers[0];
      if (!next || next.at > until) break;
      this.timers.shift();
      this.elapsed = next.at;
      next.run();
      await settled();
    }
    this.elapsed = until;
    await settled();
  }
}

/** A pass of the event loop: every microtask queued so far, and what those queued, has run. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
