import type { Channel, ChannelModel } from 'amqplib';
import {
  type Clock,
  type ConsumeOptions,
  type Consumption,
  type ConsumptionHealth,
  type ConsumptionState,
  type Log,
  type PriorityLevel,
} from '@lovage/ports';
import { KeptChannel } from '../connection/kept-channel.ts';
import type { Link } from '../connection/link.ts';
import { levelQueue } from '../topology/level-queues.ts';
import type { DeadLettering } from '../topology/topology.ts';
import { ConsumerChannel } from './consumer-channel.ts';
import type { RabbitDelivery } from './rabbit-delivery.ts';
import type { ConsumerProgress, Watchdog, WatchedQueue } from './watchdog.ts';

export interface LevelSubscriptionOptions {
  readonly queue: string;
  readonly level: PriorityLevel;
  readonly consume: ConsumeOptions;
  readonly link: Link;
  readonly watchdog: Watchdog;
  readonly log: Log;
  readonly clock: Clock;
  /** Publishes a refused message to the dead letters. */
  keepRefused(delivery: RabbitDelivery): Promise<void>;
  /** Makes sure that what it consumes is there. */
  declare(connection: ChannelModel): Promise<DeadLettering>;
}

/** A subscription to one level of a queue, on a channel of its own; made anew when the channel, the queue or the connection was lost. */
export class LevelSubscription implements Consumption, WatchedQueue {
  /** As the server knows it. */
  readonly queue: string;
  private readonly kept: KeptChannel<Channel>;
  private readonly consumers = new Map<Channel, ConsumerChannel>();
  private cancelling: Promise<void> | undefined;
  private closing: Promise<void> | undefined;
  private isStalled = false;
  private shown: ConsumptionHealth;

  constructor(private readonly options: LevelSubscriptionOptions) {
    this.shown = { state: 'stalled', since: options.clock.now() };
    this.queue = levelQueue(options.queue, options.level);
    this.kept = new KeptChannel<Channel>({
      purpose: `consumer of ${this.queue}`,
      link: options.link,
      log: options.log,
      clock: options.clock,
      open: (connection) => connection.createChannel(),
      setUp: (channel, connection) => this.subscribe(channel, connection),
      lost: (channel) => {
        this.consumers.get(channel)?.lost();
        this.consumers.delete(channel);
        this.updateHealth();
      },
    });
  }

  get health(): ConsumptionHealth {
    this.updateHealth();
    return this.shown;
  }

  get progress(): ConsumerProgress | undefined {
    const channel = this.kept.current;
    const consumer = channel && this.consumers.get(channel);
    if (!channel || !consumer || this.cancelling || this.closing) return undefined;
    return { channel, received: consumer.received, hasRoom: consumer.held < this.options.consume.prefetch };
  }

  setStalled(stalled: boolean): void {
    this.isStalled = stalled;
    this.updateHealth();
  }

  rebuild(): void {
    this.kept.renew();
  }

  /** Subscribes; rejects when that fails the first time. */
  async start(connection: ChannelModel): Promise<void> {
    await this.kept.open(connection);
    if (this.closing || this.cancelling) return;
    this.keep();
  }

  /** Subscribes by itself, as often as it takes. */
  keep(): void {
    this.kept.keep();
    this.options.watchdog.add(this);
  }

  cancel(): Promise<void> {
    this.cancelling ??= this.unsubscribe();
    return this.cancelling;
  }

  close(): Promise<void> {
    this.closing ??= this.finish();
    return this.closing;
  }

  private async subscribe(channel: Channel, connection: ChannelModel): Promise<void> {
    const { options, queue: source } = this;
    const deadLettering = await options.declare(connection);
    const consumer = new ConsumerChannel({
      channel,
      queue: options.queue,
      level: options.level,
      source,
      onDelivery: options.consume.onDelivery,
      log: options.log,
      onCancelled: () => {
        options.log.warn({ queue: source }, 'RabbitMQ ended a subscription, its queue was deleted: subscribing again');
        void consumer.settled().then(() => this.kept.renew());
      },
      keepRefused: deadLettering === 'client' ? options.keepRefused : undefined,
    });
    this.consumers.set(channel, consumer);
    await consumer.subscribe(options.consume.prefetch);
  }

  private async unsubscribe(): Promise<void> {
    this.options.watchdog.remove(this);
    // The channel stays for the acks; when it is lost there is nothing left to ack.
    this.kept.retire();
    // A failure means that the channel is gone, and the subscription with it.
    await Promise.all([...this.consumers.values()].map((consumer) => consumer.unsubscribe().catch(() => undefined)));
  }

  private async finish(): Promise<void> {
    this.options.watchdog.remove(this);
    this.kept.retire();
    await Promise.all([...this.consumers.values()].map((consumer) => consumer.settled()));
    await this.kept.close();
  }

  /** Kept from one look to the next, for the time since when it is so. */
  private updateHealth(): void {
    const state: ConsumptionState =
      this.cancelling || this.closing ? 'paused' : this.isStalled || !this.kept.current ? 'stalled' : 'consuming';
    if (state !== this.shown.state) this.shown = { state, since: this.options.clock.now() };
  }
}
