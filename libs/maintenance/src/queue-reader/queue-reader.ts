import { Batcher, hasCode, isolate, Lifecycle, type BackoffPolicy, type Service } from '@lovage/foundation';
import { Pauses, systemClock, type Broker, type Clock, type Consumption, type Delivery, type Log } from '@lovage/ports';

export interface QueueReaderOptions<T, R> {
  readonly broker: Pick<Broker, 'declare' | 'consume'>;
  readonly queue: string;
  /** Most messages held at once, unacked. */
  readonly prefetch: number;
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: Clock | undefined;
  /** What the messages are, for the log: `dead letters`. */
  readonly messages: string;
  /** Gets each message, and acks or requeues it. Must not throw. */
  readonly onDelivery: (delivery: Delivery) => void;
  /** Most items of one write. */
  readonly batchSize: number;
  /** Divides a batch into what one statement takes. Default: it takes the batch. */
  readonly split?: (items: readonly T[]) => readonly (readonly T[])[];
  /** Writes items to Postgres; its results stand in their order. */
  readonly write: (items: readonly T[]) => Promise<readonly R[]>;
  /** What comes of an item that Postgres refuses alone. */
  readonly onRefused: (item: T, error: Error) => readonly R[] | Promise<readonly R[]>;
}

/** While Postgres or the broker is away. */
const WAITS: BackoffPolicy = { kind: 'exponential', delayMs: 250, maxDelayMs: 5000, jitter: true };

/**
 * Reads a queue whose messages are to be kept in Postgres. It subscribes until the broker agrees, writes in batches, and holds on to
 * the messages while Postgres is away. A message is acked after {@link write}, so a process that dies loses none.
 */
export class QueueReader<T, R> implements Service {
  private readonly lifecycle = new Lifecycle(
    () => this.begin(),
    () => this.end(),
  );
  private readonly batcher: Batcher<T, R>;
  private readonly pauses: Pauses;
  private consumption: Consumption | undefined;
  private subscribing: Promise<void> | undefined;

  constructor(private readonly options: QueueReaderOptions<T, R>) {
    const { clock = systemClock, batchSize } = options;
    this.pauses = new Pauses(clock);
    this.batcher = new Batcher({ maxSize: batchSize, flush: (items) => this.writeBatch(items) });
  }

  /** Whether {@link stop} was called. */
  get stopping(): boolean {
    return this.pauses.over;
  }

  /** Resolves at once; a broker that refuses the subscription is asked again and again. */
  start(): Promise<void> {
    return this.lifecycle.start();
  }

  /** Takes no further messages; resolves once those it has are acked or requeued. */
  stop(): Promise<void> {
    return this.lifecycle.stop();
  }

  /** Writes one item in a batch, and resolves to what came of it. @throws what Postgres last said, when stopped before that. */
  write(item: T): Promise<R> {
    return this.batcher.add(item);
  }

  /** Resolves after so many ms, or at the stop. */
  pause(ms: number): Promise<void> {
    return this.pauses.wait(ms);
  }

  private async begin(): Promise<void> {
    this.subscribing = this.subscribe();
  }

  private async end(): Promise<void> {
    this.pauses.end();
    await this.subscribing;
    await this.consumption?.cancel();
    await this.batcher.idle();
    await this.consumption?.close();
  }

  private subscribe(): Promise<void> {
    const { broker, queue, log, messages, prefetch, onDelivery } = this.options;
    const once = async (): Promise<void> => {
      if (this.stopping) return;
      await broker.declare(queue);
      this.consumption = await broker.consume(queue, { prefetch, onDelivery });
    };
    const onFailure = (err: unknown, failures: number): void =>
      log[failures === 1 ? 'warn' : 'debug']({ err, queue }, `${messages} cannot be consumed; tried again`);
    return this.pauses.retry(once, { waits: WAITS, onFailure }).catch(() => undefined);
  }

  private async writeBatch(items: readonly T[]): Promise<readonly R[]> {
    const { split, onRefused } = this.options;
    const results: R[] = [];
    for (const part of split?.(items) ?? [items])
      results.push(...(await isolate(part, { write: (batch) => this.writeUntilTaken(batch), onFaulty: onRefused })));
    return results;
  }

  /** @throws ValueRefusedError; any other error once stopped. */
  private writeUntilTaken(items: readonly T[]): Promise<readonly R[]> {
    const { log, messages, write } = this.options;
    return this.pauses.retry(() => write(items), {
      waits: WAITS,
      isFinal: (error) => hasCode(error, 'value_refused'),
      onFailure: (err, failures) => {
        if (failures === 1) log.warn({ err }, `${messages} cannot be written now; holding on to them`);
      },
    });
  }
}
