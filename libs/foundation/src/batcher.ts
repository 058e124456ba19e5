import { BatchQueue, type BatchQueueOptions } from './batch-queue.ts';

export interface BatcherOptions<T, R> extends Omit<BatchQueueOptions<T>, 'flush'> {
  /** Carries out one batch; its results stand in the order of the items. A rejection rejects every item of the batch. */
  readonly flush: (items: T[]) => Promise<readonly R[]>;
}

interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

/** Gathers single calls into batches, as a {@link BatchQueue}, and gives each its own result. Results do not wait for a linger. */
export class Batcher<T, R = void> {
  private readonly queue: BatchQueue<Waiting<T, R>>;

  /** @throws RangeError when `maxSize` or `concurrency` is not a whole number from 1: nothing would ever be sent. */
  constructor({ flush, ...options }: BatcherOptions<T, R>) {
    this.queue = new BatchQueue({
      ...options,
      flush: async (batch) => {
        try {
          const results = await flush(batch.map(({ item }) => item));
          for (let i = 0; i < batch.length; i += 1) batch[i]!.resolve(results[i] as R);
        } catch (error) {
          for (const { reject } of batch) reject(error);
        }
      },
    });
  }

  /** Items not yet handed to a flush. */
  get size(): number {
    return this.queue.size;
  }

  /** Puts one item into the next batch; settles with that item's result. */
  add(item: T): Promise<R> {
    return new Promise<R>((resolve, reject) => this.queue.push({ item, resolve, reject }));
  }

  /** Resolves once nothing waits and no flush is under way. */
  idle(): Promise<void> {
    return this.queue.idle();
  }
}
