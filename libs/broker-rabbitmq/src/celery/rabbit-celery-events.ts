import { randomUUID } from 'node:crypto';
import type { Channel, ChannelModel } from 'amqplib';
import {
  CELERY_EVENT_KINDS,
  type CeleryEventsListener,
  type CeleryEventsOptions,
  type Clock,
  type Log,
} from '@lovage/ports';
import { KeptChannel } from '../connection/kept-channel.ts';
import type { Link } from '../connection/link.ts';
import { declareExchange, EVENTS } from './exchanges.ts';

/** Messages that wait at the broker: of more the oldest are dropped there. */
const MAX_WAITING = 10_000;
/** Messages that are here at once. */
const PREFETCH = 20;
/** As Celery declares a receiver's queue, ms. */
const QUEUE_EXPIRES_MS = 60_000;
const MESSAGE_TTL_MS = 5000;

export interface RabbitCeleryEventsOptions extends CeleryEventsOptions {
  readonly link: Link;
  readonly log: Log;
  readonly clock: Clock;
}

/**
 * A queue of its own for all of Celery's events. They are acked one by one, so a flood waits at the broker, in a queue that is
 * bounded, and never here.
 */
export class RabbitCeleryEvents implements CeleryEventsListener {
  private readonly channel: KeptChannel<Channel>;

  constructor(private readonly options: RabbitCeleryEventsOptions) {
    const { link, log, clock } = options;
    this.channel = new KeptChannel<Channel>({
      ...{ link, log, clock, purpose: 'events of Celery' },
      open: (connection) => connection.createChannel(),
      setUp: (channel, connection) => this.setUp(channel, connection),
    });
  }

  /** Rejects when the server refuses; it is tried again with each connection all the same. */
  start(connection: ChannelModel | undefined): Promise<void> {
    return this.channel.start(connection);
  }

  close(): Promise<void> {
    return this.channel.close();
  }

  private async setUp(channel: Channel, connection: ChannelModel): Promise<void> {
    const { onEvents } = this.options;
    await declareExchange(connection, EVENTS, 'topic', true);
    const { queue } = await channel.assertQueue(`${EVENTS}.${randomUUID()}`, {
      ...{ durable: false, autoDelete: true, expires: QUEUE_EXPIRES_MS, messageTtl: MESSAGE_TTL_MS },
      arguments: { 'x-max-length': MAX_WAITING },
    });
    for (const kind of CELERY_EVENT_KINDS) await channel.bindQueue(queue, EVENTS, kind);
    await channel.prefetch(PREFETCH);
    await channel.consume(queue, (message) => {
      if (message === null) return this.channel.renew();
      const contentType = message.properties.contentType as string | undefined;
      void onEvents({ body: message.content, contentType }).then(() => {
        try {
          channel.ack(message);
        } catch {
          // The channel is closing: its queue goes with it.
        }
      });
    });
  }
}
