/** Looks at the memory of busy children this often, ms. */
const LOOK_MS = 250;

export interface Watched {
  readonly pid: number | undefined;
  memory: number;
}

/** Keeps an eye on the resident memory of child processes while they run a task: one that computes cannot tell it itself. */
export class MemoryWatch<W extends Watched> {
  private readonly watched = new Set<W>();
  private timer: NodeJS.Timeout | undefined;
  private looking = false;

  /** @param seen called with each that was looked at. */
  constructor(private readonly seen: (one: W) => void) {}

  add(one: W): void {
    this.watched.add(one);
    this.timer ??= setInterval(() => void this.look(), LOOK_MS).unref();
  }

  delete(one: W): void {
    this.watched.delete(one);
    if (this.watched.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private async look(): Promise<void> {
    if (this.looking) return;
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
    }
  }
}
