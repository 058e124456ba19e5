export interface BatchQueueOptions<T> {
  /** Most items of one flush. Default 200: beyond it a larger batch gains little and holds locks longer. */
  readonly maxSize?: number;
  /** Flushes under way at once. Default 1. */
  readonly concurrency?: number;
  /** Carries out one batch. Must not reject: whose items they are must hear of a failure, and only the flush knows how. */
  readonly flush: (items: T[]) => Promise<void>;
  /**
   * How long to wait after a batch of this many items, for work that nobody waits for: what comes meanwhile makes a larger batch.
   * Must not reject. Default: not at all.
   */
  readonly linger?: (items: number) => Promise<void> | undefined;
}

/**
 * Gathers items into batches: a batch leaves as soon as fewer than `concurrency` flushes are under way, never on a timer. So one lonely item
 * pays no linger, and under load batches grow by themselves to what arrives during one flush.
 */
export class BatchQueue<T> {
  private readonly waiting: T[] = [];
  private readonly maxSize: number;
  private readonly concurrency: number;
  private running = 0;
  private scheduled = false;
  private idleWaiters: (() => void)[] = [];

  /** @throws RangeError when `maxSize` or `concurrency` is not a whole number from 1: nothing would ever be sent. */
  constructor(private readonly options: BatchQueueOptions<T>) {
    this.maxSize = atLeastOne('maxSize', options.maxSize ?? 200);
    this.concurrency = atLeastOne('concurrency', options.concurrency ?? 1);
  }

  /** Items not yet handed to a flush. */
  get size(): number {
    return this.waiting.length;
  }

  /** Puts one item into the next batch. */
  push(item: T): void {
    this.waiting.push(item);
    this.schedule();
  }

  /** Resolves once nothing waits and no flush is under way. */
  idle(): Promise<void> {
    if (this.waiting.length === 0 && this.running === 0) return Promise.resolve();
    return new Promise((resolve) => this.idleWaiters.push(resolve));
  }

  private schedule(): void {
    if (this.scheduled || this.running >= this.concurrency) return;
    this.scheduled = true;
    // setImmediate, not a microtask: everything the current I/O callback brings goes into the same batch.
    setImmediate(() => {
      this.scheduled = false;
      this.pump();
    });
  }

  private pump(): void {
    while (this.waiting.length > 0 && this.running < this.concurrency) {
      const batch = this.waiting.splice(0, this.maxSize);
      this.running += 1;
      void this.run(batch);
    }
  }

  private async run(batch: T[]): Promise<void> {
    const { flush, linger } = this.options;
    const { length } = batch;
    try {
      await flush(batch);
    } finally {
      if (linger) await linger(length);
      this.running -= 1;
      if (this.waiting.length > 0) this.schedule();
      else if (this.running === 0) {
        const waiters = this.idleWaiters;
        this.idleWaiters = [];
        for (const resolve of waiters) resolve();
      }
    }
  }
}

function atLeastOne(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 1) throw new RangeError(`${name}: ${value} is not a whole number from 1`);
  return value;
}
