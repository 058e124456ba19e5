import { Batcher, Signal } from '@lovage/foundation';
import { StoreUnavailableError, type Clock, type Log, type OutboxStore } from '@lovage/ports';

/** A message of the outbox. */
export interface OutboxKey {
  readonly taskId: string;
  readonly turn: number;
}

export interface OutboxMarksOptions {
  readonly outbox: OutboxStore;
  readonly log: Log;
  readonly clock: Clock;
  /** Tries go on for so long, ms: until the lease has run out anyway. */
  readonly giveUpAfterMs: number;
}

interface Released {
  readonly key: OutboxKey;
  readonly delayMs: number;
}

/**
 * Rest after a small batch of marks, ms: nobody waits for them, and one for each message cost a relay of 800
 * messages a second half of its time. A relay that dies meanwhile leaves messages that are sent twice, and run once.
 */
const MARK_EVERY_MS = 25;
/** A batch of this size gains little by waiting for more. */
const WELL_FILLED = 100;

/** Between two tries while Postgres is away, ms. */
const AGAIN_MS = 500;

/** Tells the outbox, in batches, what has become of leased messages. Never rejects: a lease that nobody ends runs out. */
export class OutboxMarks {
  /** Confirmed by the broker and out of the outbox. */
  readonly marked = new Signal<OutboxKey>();
  /** Back in the outbox, to be sent after the delay. */
  readonly released = new Signal<Released>();
  private readonly publishedKeys: Batcher<OutboxKey>;
  private readonly releasedKeys: Batcher<Released>;
  private stopped = false;
  /** Ends the rests under way, one a lane. */
  private readonly resting = new Set<() => void>();
  private hurrying = false;

  constructor(private readonly options: OutboxMarksOptions) {
    this.publishedKeys = new Batcher({ lanes: 2, flush: (keys) => this.mark(keys), rest: (n) => this.rest(n) });
    this.releasedKeys = new Batcher({ maxSize: 1000, flush: (batch) => this.giveBack(batch) });
  }

  published({ taskId, turn }: OutboxKey): Promise<void> {
    return this.publishedKeys.add({ taskId, turn });
  }

  release({ taskId, turn }: OutboxKey, delayMs: number): Promise<void> {
    return this.releasedKeys.add({ key: { taskId, turn }, delayMs });
  }

  /** From here on marks are made at once: somebody waits for them. */
  hurry(): void {
    this.hurrying = true;
    for (const wake of this.resting) wake();
  }

  /** Makes the marks under way; without Postgres each is tried once more. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.hurry();
    await Promise.all([this.publishedKeys.idle(), this.releasedKeys.idle()]);
  }

  private async mark(keys: OutboxKey[]): Promise<readonly void[]> {
    // Id order, as everything that locks rows of tasks, or two batches could lock each other.
    keys.sort((a, b) => (a.taskId < b.taskId ? -1 : a.taskId > b.taskId ? 1 : a.turn - b.turn));
    if (await this.persist(() => this.options.outbox.published(keys))) for (const key of keys) this.marked.emit(key);
    return [];
  }

  private rest(items: number): Promise<void> | undefined {
    if (this.hurrying || items >= WELL_FILLED) return undefined;
    return new Promise((resolve) => {
      const wake = (): void => {
        callOff();
        this.resting.delete(wake);
        resolve();
      };
      const callOff = this.options.clock.after(MARK_EVERY_MS, wake);
      this.resting.add(wake);
    });
  }

  private async giveBack(batch: Released[]): Promise<readonly void[]> {
    for (const [delayMs, same] of byDelay(batch)) {
      const keys = same.map(({ key }) => key);
      if (await this.persist(() => this.options.outbox.release(keys, delayMs)))
        for (const released of same) this.released.emit(released);
    }
    return [];
  }

  private async persist(write: () => Promise<void>): Promise<boolean> {
    const { clock, log, giveUpAfterMs } = this.options;
    const until = clock.monotonic() + giveUpAfterMs;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await write();
        return true;
      } catch (error) {
        const hopeless = !(error instanceof StoreUnavailableError) || this.stopped || clock.monotonic() > until;
        if (attempt === 1 || hopeless)
          log.warn({ err: error, hopeless }, 'the outbox cannot be told what was sent; messages may be sent twice');
        if (hopeless) return false;
        await new Promise<void>((resolve) => clock.after(AGAIN_MS, resolve));
      }
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
