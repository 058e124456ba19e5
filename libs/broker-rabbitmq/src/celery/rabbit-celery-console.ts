import { randomUUID } from 'node:crypto';
import type { Channel, ChannelModel } from 'amqplib';
import type { CeleryConsole, CeleryConsoleOptions, Clock, Log } from '@lovage/ports';
import { KeptChannel } from '../connection/kept-channel.ts';
import type { Link } from '../connection/link.ts';
import { wideIntegers } from '../publishing/wide-integers.ts';
import { CONTROL, declareExchange, MAILBOX, REPLIES } from './exchanges.ts';

export interface RabbitCeleryConsoleOptions extends CeleryConsoleOptions {
  readonly link: Link;
  readonly log: Log;
  readonly clock: Clock;
}

/** Sends requests of Celery's remote control to all nodes, and has a queue for their answers. */
export class RabbitCeleryConsole implements CeleryConsole {
  readonly address = randomUUID();
  private readonly channel: KeptChannel<Channel>;

  constructor(private readonly options: RabbitCeleryConsoleOptions) {
    const { link, log, clock } = options;
    this.channel = new KeptChannel<Channel>({
      ...{ link, log, clock, purpose: 'remote control of Celery' },
      open: (connection) => connection.createChannel(),
      setUp: (channel, connection) => this.setUp(channel, connection),
    });
  }

  /** Rejects when the server refuses; it is tried again with each connection all the same. */
  start(connection: ChannelModel | undefined): Promise<void> {
    return this.channel.start(connection);
  }

  request(body: Buffer, headers: Readonly<Record<string, unknown>>): boolean {
    const channel = this.channel.current;
    if (!channel) return false;
    try {
      channel.publish(CONTROL, '', body, {
        ...{ contentType: 'application/json', contentEncoding: 'utf-8', deliveryMode: 1 },
        headers: wideIntegers(headers),
      });
      return true;
    } catch {
      // The channel is closing.
      return false;
    }
  }

  close(): Promise<void> {
    return this.channel.close();
  }

  private async setUp(channel: Channel, connection: ChannelModel): Promise<void> {
    const { onReply } = this.options;
    const queue = `${this.address}.${REPLIES}`;
    await declareExchange(connection, CONTROL, 'fanout', false);
    await declareExchange(connection, REPLIES, 'direct', false);
    await channel.assertQueue(queue, MAILBOX);
    await channel.bindQueue(queue, REPLIES, this.address);
    await channel.consume(
      queue,
      (message) => {
        if (message === null) return this.channel.renew();
        const { headers, contentType } = message.properties;
        onReply({ body: message.content, headers: headers ?? {}, contentType: contentType as string | undefined });
      },
      { noAck: true },
    );
  }
}
