import type { Channel, ConsumeMessage, Message } from 'amqplib';
import type { ConsumeOptions, Log, PriorityLevel } from '@lovage/ports';
import { AckWindow } from './ack-window.ts';
import { RabbitDelivery, type DeliverySettler } from './rabbit-delivery.ts';

export interface ConsumerChannelOptions {
  readonly channel: Channel;
  /** As users know it. */
  readonly queue: string;
  readonly level: PriorityLevel;
  /** As the server knows it. */
  readonly source: string;
  readonly onDelivery: ConsumeOptions['onDelivery'];
  readonly log: Log;
  /** The server ended the subscription: the queue was deleted. */
  onCancelled(): void;
  /**
   * Keeps a refused message where the server would drop it; undefined: the server keeps it. Resolves once it is kept, and
   * rejects when it could not be, after a while.
   */
  readonly keepRefused: ((delivery: RabbitDelivery) => Promise<void>) | undefined;
}

/** One channel that consumes one queue. Deliveries are settled here, on the channel they came on, or nowhere. */
export class ConsumerChannel implements DeliverySettler {
  private readonly window: AckWindow;
  /** Deliveries so far. */
  received = 0;
  private consumerTag: string | undefined;
  private ending = false;
  /** Refused messages on their way to the dead letters. */
  private readonly keeping = new Set<Promise<void>>();

  constructor(private readonly options: ConsumerChannelOptions) {
    const { channel } = options;
    // amqplib reads the tag of a message at once; one object serves all acks.
    const named = { fields: { deliveryTag: 0 } } as Message;
    const to = (tag: number): Message => {
      named.fields.deliveryTag = tag;
      return named;
    };
    this.window = new AckWindow({
      ack: (tag, multiple) => this.send(() => channel.ack(to(tag), multiple)),
      nack: (tag, requeue) => this.send(() => channel.nack(to(tag), false, requeue)),
    });
  }

  /** Deliveries not settled yet. */
  get held(): number {
    return this.window.held;
  }

  /** Subscribes; deliveries may come before it resolves. */
  async subscribe(prefetch: number): Promise<void> {
    const { channel, source } = this.options;
    await channel.prefetch(prefetch);
    const { consumerTag } = await channel.consume(source, (message) => this.receive(message));
    this.consumerTag = consumerTag;
  }

  /** Nothing more is delivered. */
  async unsubscribe(): Promise<void> {
    this.ending = true;
    if (this.consumerTag !== undefined) await this.options.channel.cancel(this.consumerTag);
  }

  /** Resolves when all that was settled so far has been sent, or the channel is gone. */
  async settled(): Promise<void> {
    this.ending = true;
    await Promise.all(this.keeping);
    this.window.flush();
  }

  /** The channel is gone. */
  lost(): void {
    this.window.close();
  }

  ack(tag: number): void {
    this.window.ack(tag);
  }

  nack(delivery: RabbitDelivery, requeue: boolean): void {
    const { keepRefused } = this.options;
    if (requeue || !keepRefused) {
      this.window.nack(delivery.tag, requeue);
      return;
    }
    if (!this.window.reserve(delivery.tag)) return;
    const kept = keepRefused(delivery)
      .then(
        () => this.window.ackReserved(delivery.tag),
        (error: unknown) => {
          this.options.log.warn({ err: error, queue: delivery.queue }, 'a refused message could not be kept: requeued');
          this.window.nackReserved(delivery.tag, true);
        },
      )
      .finally(() => this.keeping.delete(kept));
    this.keeping.add(kept);
  }

  private receive(message: ConsumeMessage | null): void {
    if (message === null) {
      this.options.onCancelled();
      return;
    }
    const { deliveryTag } = message.fields;
    this.received += 1;
    this.window.delivered(deliveryTag);
    if (this.ending) {
      // It crossed our cancel on the way: for another consumer.
      this.window.nack(deliveryTag, true);
      return;
    }
    try {
      const { queue, level } = this.options;
      this.options.onDelivery(new RabbitDelivery(queue, level, message, this));
    } catch (error) {
      // It stays held: to requeue it would bring it back at once, and again.
      this.options.log.error({ err: error, queue: this.options.queue }, 'the listener of a delivery threw');
    }
  }

  /** On a channel that is closing amqplib throws. The server requeues what it holds; there is nothing to tell it. */
  private send(frame: () => void): void {
    try {
      frame();
    } catch {
      this.window.close();
    }
  }
}
