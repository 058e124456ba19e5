/**
 * Work that nobody awaits where it begins, and that a stop must not outrun. Whatever is added handles its own failure.
 */
export class UnderWay {
  private readonly promises = new Set<Promise<unknown>>();

  get size(): number {
    return this.promises.size;
  }

  add(promise: Promise<unknown>): void {
    const settled: Promise<unknown> = promise.then(ignore, ignore).then(() => this.promises.delete(settled));
    this.promises.add(settled);
  }

  /** Resolves once nothing is under way, also of what was added meanwhile. */
  async idle(): Promise<void> {
    while (this.promises.size > 0) await Promise.all(this.promises);
  }
}

function ignore(): void {
  // Its own handler has dealt with it.
}

/**
 * Does a job whenever it is woken, one at a time, at the end of the pass of the event loop: what one pass brings is done together.
 * A wake while the job runs has it run again.
 */
export class Pump {
  private scheduled = false;
  private wokenMeanwhile = false;
  private running: Promise<void> | undefined;
  private closed = false;

  /** @param job must not reject */
  constructor(private readonly job: () => Promise<void>) {}

  wake(): void {
    if (this.closed || this.scheduled) return;
    if (this.running) {
      this.wokenMeanwhile = true;
      return;
    }
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      if (!this.closed) this.running = this.run();
    });
  }

  /** No further jobs; resolves when none is under way. */
  async close(): Promise<void> {
    this.closed = true;
    await this.running;
  }

  private async run(): Promise<void> {
    try {
      await this.job();
    } finally {
      this.running = undefined;
      if (this.wokenMeanwhile) {
        this.wokenMeanwhile = false;
        this.wake();
      }
    }
  }
}
