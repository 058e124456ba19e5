/** Lets so many pieces of work run at once; further ones wait, first come, first served. */
export class Limiter {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  /** @throws RangeError when `most` is not a whole number from 1: nothing would ever run. */
  constructor(private readonly most: number) {
    if (!Number.isInteger(most) || most < 1) throw new RangeError(`most: ${most} is not a whole number from 1`);
  }

  /** Settles as `work` does, which begins when there is room for it. */
  async run<T>(work: () => T | Promise<T>): Promise<T> {
    if (this.running < this.most) this.running += 1;
    // The one that ends hands its place over, so that nobody slips in between.
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }
}
