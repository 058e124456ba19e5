import type { Clock } from '@lovage/ports';

/** Looks at the memory of busy children this often, ms. */
const LOOK_MS = 250;

export interface WatchedChild {
  readonly pid: number | undefined;
  memory: number;
}

/** Keeps an eye on the resident memory of child processes while they run a task: one that computes cannot tell it itself. */
export class MemoryWatch<W extends WatchedChild> {
  private readonly watched = new Set<W>();
  private cancelTimer: (() => void) | undefined;
  private looking = false;

  /** @param seen called with each that was looked at. */
  constructor(
    private readonly clock: Clock,
    private readonly seen: (one: W) => void,
  ) {}

  add(one: W): void {
    this.watched.add(one);
    if (!this.looking) this.plan();
  }

  delete(one: W): void {
    this.watched.delete(one);
    if (this.watched.size > 0) return;
    this.cancelTimer?.();
    this.cancelTimer = undefined;
  }

  private plan(): void {
    this.cancelTimer ??= this.clock.after(LOOK_MS, () => {
      this.cancelTimer = undefined;
      void this.look();
    });
  }

  private async look(): Promise<void> {
    this.looking = true;
    try {
      const { default: pidusage } = await import('pidusage');
      for (const one of [...this.watched]) {
        if (one.pid === undefined) continue;
        // One that has just ended is no longer there to be looked at.
        const usage = await pidusage(one.pid).catch(() => undefined);
        if (!usage || !this.watched.has(one)) continue;
        one.memory = usage.memory;
        this.seen(one);
      }
    } finally {
      this.looking = false;
      if (this.watched.size > 0) this.plan();
    }
  }
}
