import { hasCode, Lifecycle, type Service } from '@lovage/foundation';
import {
  systemClock,
  Ticker,
  type Broker,
  type Clock,
  type Log,
  type OutboxItem,
  type OutboxStore,
  type OutgoingMessage,
  type TaskRow,
} from '@lovage/ports';
import { DueTimers } from './due-timers.ts';
import { OutboxAcks } from './outbox-acks.ts';

export interface OutboxRelayOptions {
  readonly broker: Broker;
  readonly outbox: OutboxStore;
  /** Makes the message of a row: `messageOfRow` of libs/client. */
  readonly messageOf: (row: TaskRow) => OutgoingMessage;
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Between two looks into the outbox, ms. Default 200: how late a message may be that is due as soon as it is put there. */
  readonly everyMs?: number;
  /** What is due within this time is taken and sent at its millisecond, ms. Default 1000. */
  readonly aheadMs?: number;
  /** For how long taken messages are ours, ms. Default 10000: should this process die, another sends them then. */
  readonly leaseMs?: number;
  /** Messages taken at once. Default 1000. */
  readonly batch?: number;
  /** Messages in hand, not yet due or not yet confirmed, beyond which none are taken. Default 10000. */
  readonly maxHeld?: number;
}

/** Shortest and longest wait until a message that the broker refuses is tried again, ms. */
const RETRY_MIN_MS = 1000;
const RETRY_MAX_MS = 60_000;

/**
 * Publishes what waits in the outbox, each message when it is due and never before. Any number may run: what one has leased,
 * the others leave alone. A message may be sent twice when this process dies between confirm and ack; the claim lets one run.
 */
export class OutboxRelay implements Service {
  /** What has become of messages taken. For tests. */
  readonly acks: OutboxAcks;
  private readonly lifecycle = new Lifecycle(
    () => this.begin(),
    () => this.end(),
  );
  private readonly clock: Clock;
  private readonly ticker: Ticker;
  private readonly timers: DueTimers<OutboxItem>;
  /** Leased, and neither acked nor released. */
  private held = 0;
  private readonly inFlight = new Set<Promise<void>>();
  private readonly unsubscribe: (() => void)[] = [];

  constructor(private readonly options: OutboxRelayOptions) {
    const { outbox, log, clock = systemClock, everyMs = 200, batch = 1000 } = options;
    this.clock = clock;
    this.acks = new OutboxAcks({ outbox, log, clock, giveUpAfterMs: options.leaseMs ?? 10_000 });
    this.ticker = new Ticker({
      everyMs,
      clock,
      run: async () => (await this.runOnce()) >= batch,
      log,
      failure: 'the outbox cannot be read; tried again',
    });
    this.timers = new DueTimers(clock, (due) => {
      for (const item of due) this.launch(item);
    });
  }

  start(): Promise<void> {
    return this.lifecycle.start();
  }

  /** Releases what is not due yet, and waits for the confirms under way. */
  stop(): Promise<void> {
    return this.lifecycle.stop();
  }

  /** Looks into the outbox now: something has been put there. */
  poke(): void {
    this.ticker.poke();
  }

  /**
   * Takes what is due soon; resolves to how many, once they are under way or wait for their time. Takes nothing while the broker
   * does not. @throws StoreUnavailableError
   */
  async runOnce(): Promise<number> {
    const { broker, outbox, aheadMs = 1000, leaseMs = 10_000, batch = 1000, maxHeld = 10_000 } = this.options;
    const limit = Math.min(batch, maxHeld - this.held);
    if (broker.state !== 'up' || limit <= 0) return 0;
    const items = await outbox.leaseDue({ withinMs: aheadMs, leaseMs, limit });
    // Counted from the answer, not from the question: late by a network hop at worst, early never.
    const now = this.clock.monotonic();
    this.held += items.length;
    for (const item of items) this.timers.add(item, now + item.dueInMs);
    return items.length;
  }

  private async begin(): Promise<void> {
    const { broker } = this.options;
    this.unsubscribe.push(broker.onStateChange((state) => (state === 'up' ? this.ticker.poke() : undefined)));
    await this.ticker.start();
  }

  private async end(): Promise<void> {
    await this.ticker.stop();
    this.acks.hurry();
    await Promise.all(this.timers.clear().map((item) => this.acks.release(item, 0)));
    await this.allConfirmed();
    for (const unsubscribe of this.unsubscribe) unsubscribe();
    await this.acks.stop();
  }

  /** A broker that is blocked or gone confirms nothing: those messages are not waited for, their leases run out. */
  private async allConfirmed(): Promise<void> {
    const { broker } = this.options;
    if (broker.state !== 'up') return;
    const noLongerUp = new Promise<void>((resolve) => this.unsubscribe.push(broker.onStateChange(() => resolve())));
    await Promise.race([Promise.all(this.inFlight), noLongerUp]);
  }

  private launch(item: OutboxItem): void {
    const sending = this.send(item).finally(() => {
      this.held -= 1;
      this.inFlight.delete(sending);
    });
    this.inFlight.add(sending);
  }

  /** Never rejects. */
  private async send(item: OutboxItem): Promise<void> {
    const { broker, messageOf, log } = this.options;
    try {
      await broker.publish(messageOf(item.task));
    } catch (error) {
      const passing = hasCode(error, 'broker_unavailable') || hasCode(error, 'confirm_lost');
      const fields = { err: error, taskId: item.taskId, queue: item.task.queue };
      if (passing) log.debug(fields, 'the broker went away before it confirmed a message; it is sent again');
      else log.warn(fields, 'a message of the outbox cannot be published; tried again later');
      return this.acks.release(item, passing ? 0 : retryMs(item.dueInMs));
    }
    await this.acks.published(item);
  }
}

/** As long as it is late already, so the waits double, whichever relay takes it next. */
function retryMs(dueInMs: number): number {
  return Math.min(Math.max(-dueInMs, RETRY_MIN_MS), RETRY_MAX_MS);
}
