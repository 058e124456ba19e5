import type { ConsumeMessage } from 'amqplib';
import type { Delivery, MessageDeath, PriorityLevel } from '@lovage/ports';
import { deathOf, headersOfDead, tellDeath } from './death.ts';

/** Settles the deliveries of one channel. */
export interface DeliverySettler {
  ack(tag: number): void;
  nack(delivery: RabbitDelivery, requeue: boolean): void;
}

export class RabbitDelivery implements Delivery {
  readonly body: Buffer;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly correlationId: string | undefined;
  readonly replyTo: string | undefined;
  readonly priority: number | undefined;
  readonly redelivered: boolean;
  /** Of its channel, and of no other. */
  readonly tag: number;
  /** Headers as they came. */
  private readonly sent: Readonly<Record<string, unknown>>;
  private readonly settler: DeliverySettler;

  constructor(
    readonly queue: string,
    readonly level: PriorityLevel,
    message: ConsumeMessage,
    settler: DeliverySettler,
  ) {
    const { properties, fields } = message;
    this.body = message.content;
    this.contentType = properties.contentType as string | undefined;
    this.contentEncoding = properties.contentEncoding as string | undefined;
    // Absent when the producer sent none.
    const headers = (properties.headers as Record<string, unknown> | undefined) ?? {};
    this.sent = headers;
    this.headers = tellDeath(headers) ? headersOfDead(headers) : headers;
    this.correlationId = properties.correlationId as string | undefined;
    this.replyTo = properties.replyTo as string | undefined;
    this.priority = properties.priority as number | undefined;
    this.redelivered = fields.redelivered;
    this.tag = fields.deliveryTag;
    this.settler = settler;
  }

  get death(): MessageDeath | undefined {
    return deathOf(this.sent);
  }

  ack(): void {
    this.settler.ack(this.tag);
  }

  nack({ requeue }: { requeue: boolean }): void {
    this.settler.nack(this, requeue);
  }
}
