import {
  Ticker,
  type Broker,
  type Clock,
  type Consumption,
  type ConsumptionHealth,
  type DeclareOptions,
  type Delivery,
  type Log,
  type QueueStore,
} from '@lovage/ports';
import type { TaskEntry } from '../entry.ts';
import type { HeldTasks } from './held-tasks.ts';

/** Between two looks at which queues are paused, ms: a worker follows a pause or its end within this and the time of one query. */
const LOOK_EVERY_MS = 1000;
/** Queues of one worker. */
const MAX_QUEUES = 1000;

export interface QueueConsumersDeps {
  /** To begin with. */
  readonly queues: readonly string[];
  readonly prefetch: number;
  readonly broker: Pick<Broker, 'declare' | 'consume' | 'deadLetterQueue'>;
  /** Knows the pauses; without it no queue is ever paused. */
  readonly store: Pick<QueueStore, 'paused'> | undefined;
  /** The queues that are consumed now: kept here, read by those that need to know. */
  readonly consumed: Map<string, Consumption>;
  readonly pipeline: TaskIntake;
  readonly held: HeldTasks;
  /** Gets the queues whenever there are others. */
  readonly onChanged: (queues: readonly string[]) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** Takes what is consumed. */
export interface TaskIntake {
  receive(delivery: Delivery): void;
  /** Requeues what waits of one queue and is not claimed; how many. */
  requeueWaiting(queue: string): number;
}

/** A subscription that was ended while tasks of it ran: it stays for their acks. */
interface Retired {
  readonly consumption: Consumption;
  readonly entries: readonly TaskEntry[];
}

/** It is the platform's own: dead letters, results of foreign tasks. */
const isOurs = (name: string, deadLetters: string): boolean =>
  name === deadLetters || name.startsWith(`${deadLetters}.`) || name.startsWith('lovage.');

/**
 * Consumes the queues of a worker, those that are paused excepted. The pauses are in the database and are asked for, so a
 * worker that starts later, and one that was cut off, follow them as well. What runs when its queue is paused goes on. Queues
 * can be added and removed, and the prefetch changed, while it runs; one such change is made after another.
 */
export class QueueConsumers {
  private readonly names: Set<string>;
  private perQueue: number;
  private readonly retired = new Set<Retired>();
  /** Since when queues are paused, ms since the epoch, as far as this worker knows. */
  private readonly pausedSince = new Map<string, number>();
  /** Follows the pauses, and consumes what should be consumed and is not. */
  private readonly ticker: Ticker;
  private changes: Promise<unknown> = Promise.resolve();
  private stopped = false;

  constructor(private readonly deps: QueueConsumersDeps) {
    const { clock, log } = deps;
    this.names = new Set(deps.queues);
    this.perQueue = deps.prefetch;
    this.ticker = new Ticker({
      ...{ clock, log, everyMs: LOOK_EVERY_MS, firstAfterMs: LOOK_EVERY_MS },
      // All stays as it is until database and broker answer again.
      afterFailure: 'steady',
      failure: 'cannot read which queues are paused; tried again',
      run: () => this.oneByOne(() => this.look()),
    });
  }

  /** Each queue, and whether its messages come. */
  get health(): ReadonlyMap<string, ConsumptionHealth> {
    const { consumed, clock } = this.deps;
    return new Map(
      [...this.names].map((queue) => {
        const paused: ConsumptionHealth = { state: 'paused', since: this.pausedSince.get(queue) ?? clock.now() };
        return [queue, consumed.get(queue)?.health ?? paused];
      }),
    );
  }

  /** Those that it serves. */
  get queues(): readonly string[] {
    return [...this.names];
  }

  has(queue: string): boolean {
    return this.names.has(queue);
  }

  /** Messages held of each queue at most. */
  get prefetch(): number {
    return this.perQueue;
  }

  /** Resolves when every queue that is not paused is consumed. */
  async start(): Promise<void> {
    const { broker, store } = this.deps;
    const paused = new Set(await store?.paused(this.queues));
    for (const queue of this.names) {
      await broker.declare(queue);
      if (!paused.has(queue)) await this.consume(queue);
      else this.notePaused(queue);
    }
    await this.ticker.start();
  }

  /** No further deliveries; those received may still be acked. */
  async cancel(): Promise<void> {
    this.stopped = true;
    await this.ticker.stop();
    await this.changes;
    await Promise.all(
      [...this.deps.consumed.values()].map((consumption) => consumption.cancel().catch(() => undefined)),
    );
  }

  /** Ends the subscriptions: what is unacked is delivered again to somebody. */
  async close(): Promise<void> {
    const retired = [...this.retired].map(({ consumption }) => consumption);
    await Promise.all([...this.deps.consumed.values(), ...retired].map((consumption) => consumption.close()));
  }

  /** Serves one more queue. False: it did already. @throws InvalidQueueNameError RangeError BrokerUnavailableError */
  add(queue: string, declare?: DeclareOptions): Promise<boolean> {
    return this.oneByOne(async () => {
      const { broker, store, log } = this.deps;
      if (this.names.has(queue) || this.stopped) return false;
      if (this.names.size >= MAX_QUEUES) throw new RangeError(`a worker serves ${MAX_QUEUES} queues at most`);
      for (const name of [queue, declare?.binding?.exchange ?? queue])
        if (isOurs(name, broker.deadLetterQueue))
          throw new RangeError(`the queue ${name} is for dead letters, not for tasks`);
      await broker.declare(queue, declare);
      const [paused] = (await store?.paused([queue])) ?? [];
      if (paused === undefined) await this.consume(queue);
      else this.notePaused(queue);
      this.names.add(queue);
      this.deps.onChanged(this.queues);
      log.info({ queue }, 'the queue was added: consumed until this worker ends or it is removed');
      return true;
    });
  }

  /** Serves a queue no longer: what waits of it is requeued, what runs goes on. False: it did not. */
  remove(queue: string): Promise<boolean> {
    return this.oneByOne(async () => {
      if (!this.names.delete(queue)) return false;
      const requeued = await this.end(queue);
      this.pausedSince.delete(queue);
      this.deps.onChanged(this.queues);
      this.deps.log.info({ queue, requeued }, 'the queue was removed: no longer consumed');
      return true;
    });
  }

  /** Holds so many messages of each queue from here on: each is subscribed to anew, and what is held stays. */
  setPrefetch(prefetch: number): Promise<void> {
    return this.oneByOne(async () => {
      if (prefetch === this.perQueue || this.stopped) return;
      this.perQueue = prefetch;
      const { consumed, held } = this.deps;
      for (const [queue, consumption] of [...consumed]) {
        await consumption.cancel().catch(() => undefined);
        consumed.delete(queue);
        this.retired.add({ consumption, entries: held.ofQueue(queue) });
        await this.consume(queue);
      }
    });
  }

  /** One change after another, whatever came of the one before. */
  private oneByOne<T>(change: () => Promise<T>): Promise<T> {
    const done = this.changes.then(change, change);
    this.changes = done.catch(() => undefined);
    return done;
  }

  private async consume(queue: string): Promise<void> {
    const { broker, consumed, pipeline } = this.deps;
    const onDelivery = (delivery: Delivery) => pipeline.receive(delivery);
    consumed.set(queue, await broker.consume(queue, { prefetch: this.perQueue, onDelivery }));
  }

  private notePaused(queue: string): void {
    this.pausedSince.set(queue, this.deps.clock.now());
    this.deps.log.info({ queue }, 'the queue is paused: not consumed until it is resumed');
  }

  private async look(): Promise<void> {
    const { consumed, store } = this.deps;
    const paused = new Set(await store?.paused(this.queues));
    for (const queue of this.names) {
      if (this.stopped) break;
      if (paused.has(queue)) await this.pause(queue);
      else if (!consumed.has(queue)) await this.resume(queue);
    }
    await this.closeRetired();
  }

  private async pause(queue: string): Promise<void> {
    if (!this.deps.consumed.has(queue)) return;
    this.pausedSince.set(queue, this.deps.clock.now());
    const requeued = await this.end(queue);
    const running = this.deps.held.ofQueue(queue).length;
    this.deps.log.info({ queue, requeued, running }, 'the queue was paused: not consumed until resumed');
  }

  /** How many were requeued. */
  private async end(queue: string): Promise<number> {
    const { consumed, pipeline, held } = this.deps;
    const consumption = consumed.get(queue);
    if (!consumption) return 0;
    consumed.delete(queue);
    await consumption.cancel().catch(() => undefined);
    const requeued = pipeline.requeueWaiting(queue);
    this.retired.add({ consumption, entries: held.ofQueue(queue) });
    return requeued;
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
