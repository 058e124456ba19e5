import type { Broker, Clock, Consumption, ConsumptionHealth, Delivery, Log, QueueStore } from '@lovage/ports';
import type { TaskEntry } from '../entry.ts';
import type { HeldTasks } from './held-tasks.ts';

/** Between two looks at which queues are paused, ms: a pause or its end is heeded within this and the time of one query. */
const LOOK_EVERY_MS = 1000;

export interface QueueConsumersDeps {
  readonly queues: readonly string[];
  readonly prefetch: number;
  readonly broker: Pick<Broker, 'declare' | 'consume'>;
  /** Knows the pauses; without it no queue is ever paused. */
  readonly store: Pick<QueueStore, 'paused'> | undefined;
  readonly held: HeldTasks;
  readonly clock: Clock;
  readonly log: Log;
  onDelivery(delivery: Delivery): void;
  /** Takes back what waits here to be claimed, of one queue. */
  withdraw(queue: string): TaskEntry[];
}

/** A subscription that was ended while tasks of it ran: it stays for their acks. */
interface Retired {
  readonly consumption: Consumption;
  readonly entries: readonly TaskEntry[];
}

/**
 * Consumes the queues of a worker, those that are paused excepted. The pauses are in the database and are asked for, so a
 * worker that starts later, and one that was cut off, heed them as well. What runs when its queue is paused goes on.
 */
export class QueueConsumers {
  private readonly consumptions = new Map<string, Consumption>();
  private readonly retired = new Set<Retired>();
  /** Since when queues are paused, ms since the epoch, as far as this worker knows. */
  private readonly pausedSince = new Map<string, number>();
  private off: (() => void) | undefined;
  private looking: Promise<void> | undefined;
  private stopped = false;
  private failing = false;

  constructor(private readonly deps: QueueConsumersDeps) {}

  /** The queues that are consumed now. */
  get open(): ReadonlyMap<string, Consumption> {
    return this.consumptions;
  }

  /** Each queue, and whether its messages come. */
  get health(): ReadonlyMap<string, ConsumptionHealth> {
    const { queues, clock } = this.deps;
    return new Map(
      queues.map((queue) => {
        const paused: ConsumptionHealth = { state: 'paused', since: this.pausedSince.get(queue) ?? clock.now() };
        return [queue, this.consumptions.get(queue)?.health ?? paused];
      }),
    );
  }

  /** Resolves when every queue that is not paused is consumed. */
  async start(): Promise<void> {
    const { broker, queues, store } = this.deps;
    const paused = new Set(await store?.paused(queues));
    for (const queue of queues) {
      await broker.declare(queue);
      if (!paused.has(queue)) await this.consume(queue);
      else {
        this.pausedSince.set(queue, this.deps.clock.now());
        this.deps.log.info({ queue }, 'the queue is paused: not consumed until it is resumed');
      }
    }
    this.plan();
  }

  /** No further deliveries; those received may still be acked. */
  async cancel(): Promise<void> {
    this.stopped = true;
    this.off?.();
    await this.looking;
    await Promise.all(
      [...this.consumptions.values()].map((consumption) => consumption.cancel().catch(() => undefined)),
    );
  }

  /** Lets go: what is unacked is delivered again to somebody. */
  async close(): Promise<void> {
    const retired = [...this.retired].map(({ consumption }) => consumption);
    await Promise.all([...this.consumptions.values(), ...retired].map((consumption) => consumption.close()));
  }

  private async consume(queue: string): Promise<void> {
    const { broker, prefetch, onDelivery } = this.deps;
    this.consumptions.set(queue, await broker.consume(queue, { prefetch, onDelivery }));
  }

  private plan(): void {
    if (this.stopped || !this.deps.store) return;
    this.off = this.deps.clock.after(LOOK_EVERY_MS, () => {
      this.looking = this.look();
    });
  }

  private async look(): Promise<void> {
    try {
      const paused = new Set(await this.deps.store!.paused(this.deps.queues));
      for (const queue of this.deps.queues) {
        if (this.stopped) break;
        if (paused.has(queue)) await this.pause(queue);
        else if (!this.consumptions.has(queue)) await this.resume(queue);
      }
      await this.closeRetired();
      this.failing = false;
    } catch (error) {
      // All stays as it is until database and broker answer again.
      if (!this.failing) this.deps.log.warn({ err: error }, 'cannot follow which queues are paused; trying on');
      this.failing = true;
    }
    this.plan();
  }

  private async pause(queue: string): Promise<void> {
    const { held, log, withdraw } = this.deps;
    const consumption = this.consumptions.get(queue);
    if (!consumption) return;
    this.consumptions.delete(queue);
    this.pausedSince.set(queue, this.deps.clock.now());
    await consumption.cancel().catch(() => undefined);
    let given = 0;
    // Again, for messages that waited behind those given back.
    for (let back = withdraw(queue); back.length > 0; back = withdraw(queue)) {
      given += back.length;
      for (const entry of back) held.handBack(entry);
    }
    const entries = held.ofQueue(queue);
    this.retired.add({ consumption, entries });
    log.info({ queue, givenBack: given, running: entries.length }, 'the queue was paused: not consumed until resumed');
  }

  private async resume(queue: string): Promise<void> {
    await this.consume(queue);
    this.deps.log.info({ queue }, 'the queue was resumed');
  }

  private async closeRetired(): Promise<void> {
    for (const retired of [...this.retired]) {
      if (retired.entries.some((entry) => this.deps.held.has(entry))) continue;
      this.retired.delete(retired);
      await retired.consumption.close();
    }
  }
}
