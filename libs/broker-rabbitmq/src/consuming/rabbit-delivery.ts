import type { ConsumeMessage } from 'amqplib';
import type { Delivery, PriorityBand } from '@lovage/ports';
import { headersOfDead } from './dead-headers.ts';

/** Settles the deliveries of one channel. */
export interface Settler {
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
  private readonly settler: Settler;

  constructor(
    readonly queue: string,
    readonly band: PriorityBand,
    message: ConsumeMessage,
    settler: Settler,
  ) {
    const { properties, fields } = message;
    this.body = message.content;
    this.contentType = properties.contentType as string | undefined;
    this.contentEncoding = properties.contentEncoding as string | undefined;
    // Absent when the producer sent none.
    const headers = (properties.headers as Record<string, unknown> | undefined) ?? {};
    this.headers = 'x-death' in headers ? headersOfDead(headers) : headers;
    this.correlationId = properties.correlationId as string | undefined;
    this.replyTo = properties.replyTo as string | undefined;
    this.priority = properties.priority as number | undefined;
    this.redelivered = fields.redelivered;
    this.tag = fields.deliveryTag;
    this.settler = settler;
  }

  ack(): void {
    this.settler.ack(this.tag);
  }

  nack({ requeue }: { requeue: boolean }): void {
    this.settler.nack(this, requeue);
  }
}
