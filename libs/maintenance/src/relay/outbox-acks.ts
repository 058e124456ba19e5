import { Batcher, Signal, type BackoffPolicy } from '@lovage/foundation';
import { Pauses, StoreUnavailableError, type Clock, type Log, type OutboxStore } from '@lovage/ports';

/** A message of the outbox. */
export interface RelayedMessage {
  readonly taskId: string;
  readonly generation: number;
}

export interface OutboxAcksOptions {
  readonly outbox: OutboxStore;
  readonly log: Log;
  readonly clock: Clock;
  /** Tries go on for so long, ms: until the lease has run out anyway. */
  readonly giveUpAfterMs: number;
}

interface Released {
  readonly key: RelayedMessage;
  readonly delayMs: number;
}

/**
 * Linger after a small batch of acks, ms: nobody waits for them, and one for each message cost a relay of 800
 * messages a second half of its time. A relay that dies meanwhile leaves messages that are sent twice, and run once.
 */
const LINGER_MS = 25;
/** A batch of this size gains little by waiting for more. */
const WELL_FILLED = 100;

/** While Postgres is away. */
const RETRY: BackoffPolicy = { kind: 'fixed', delayMs: 500, maxDelayMs: 500, jitter: false };

/** Acknowledges or releases leased messages of the outbox, in batches. Never rejects: a lease that nobody ends runs out. */
export class OutboxAcks {
  /** Confirmed by the broker and out of the outbox. */
  readonly acked = new Signal<RelayedMessage>();
  /** Back in the outbox, to be sent after the delay. */
  readonly released = new Signal<Released>();
  private readonly publishedKeys: Batcher<RelayedMessage>;
  private readonly releasedKeys: Batcher<Released>;
  /** Between tries; they end with the stop. */
  private readonly pauses: Pauses;
  /** After small batches; they end as soon as somebody waits for the acks. */
  private readonly lingers: Pauses;

  constructor(private readonly options: OutboxAcksOptions) {
    this.pauses = new Pauses(options.clock);
    this.lingers = new Pauses(options.clock);
    this.publishedKeys = new Batcher({
      concurrency: 2,
      flush: (keys) => this.ackBatch(keys),
      linger: (n) => this.linger(n),
    });
    this.releasedKeys = new Batcher({ maxSize: 1000, flush: (batch) => this.releaseBatch(batch) });
  }

  published({ taskId, generation }: RelayedMessage): Promise<void> {
    return this.publishedKeys.add({ taskId, generation });
  }

  release({ taskId, generation }: RelayedMessage, delayMs: number): Promise<void> {
    return this.releasedKeys.add({ key: { taskId, generation }, delayMs });
  }

  /** From here on acks are written at once: somebody waits for them. */
  hurry(): void {
    this.lingers.end();
  }

  /** Writes the acks under way; without Postgres each is tried once more. */
  async stop(): Promise<void> {
    this.pauses.end();
    this.hurry();
    await Promise.all([this.publishedKeys.idle(), this.releasedKeys.idle()]);
  }

  private async ackBatch(keys: RelayedMessage[]): Promise<readonly void[]> {
    // Id order, as everything that locks rows of tasks, or two batches could lock each other.
    keys.sort((a, b) => (a.taskId < b.taskId ? -1 : a.taskId > b.taskId ? 1 : a.generation - b.generation));
    if (await this.persist(() => this.options.outbox.published(keys))) for (const key of keys) this.acked.emit(key);
    return [];
  }

  private linger(items: number): Promise<void> | undefined {
    if (this.lingers.over || items >= WELL_FILLED) return undefined;
    return this.lingers.wait(LINGER_MS);
  }

  private async releaseBatch(batch: Released[]): Promise<readonly void[]> {
    for (const [delayMs, same] of byDelay(batch)) {
      const keys = same.map(({ key }) => key);
      if (await this.persist(() => this.options.outbox.release(keys, delayMs)))
        for (const released of same) this.released.emit(released);
    }
    return [];
  }

  /** Whether it is written. */
  private async persist(write: () => Promise<void>): Promise<boolean> {
    const { clock, log, giveUpAfterMs } = this.options;
    const until = clock.monotonic() + giveUpAfterMs;
    const tell = (err: unknown, hopeless: boolean): void =>
      log.warn({ err, hopeless }, 'the outbox cannot be told what was sent; messages may be sent twice');
    try {
      await this.pauses.retry(write, {
        waits: RETRY,
        isFinal: (error) => !(error instanceof StoreUnavailableError) || clock.monotonic() > until,
        onFailure: (error, failures) => {
          if (failures === 1) tell(error, false);
        },
      });
      return true;
    } catch (error) {
      tell(error, true);
      return false;
    }
  }
}

/** Delays that differ by less than a second make no difference: one statement for all of them. */
function byDelay(batch: readonly Released[]): Map<number, Released[]> {
  const groups = new Map<number, Released[]>();
  for (const released of batch) {
    const delayMs = Math.ceil(released.delayMs / 1000) * 1000;
    const same = groups.get(delayMs);
    if (same) same.push(released);
    else groups.set(delayMs, [released]);
  }
  return groups;
}
