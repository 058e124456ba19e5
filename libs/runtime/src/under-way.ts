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
