import type { Channel, ChannelModel } from 'amqplib';
import type { CeleryLink, CeleryLinkOptions, Clock, Log } from '@lovage/ports';
import { KeptChannel } from '../connection/kept-channel.ts';
import type { Link } from '../connection/link.ts';
import { replyCode } from '../connection/throwaway.ts';
import { wideIntegers } from '../publishing/wide-integers.ts';
import { CONTROL, declareExchange, EVENTS, MAILBOX, REPLIES } from './exchanges.ts';

const SENT = 'events and answers';

/** Frames that may wait for the socket. Beyond, events and replies are dropped. */
const MAX_WAITING = 4096;

export interface RabbitCeleryLinkOptions extends CeleryLinkOptions {
  readonly publishing: Link;
  readonly consuming: Link;
  readonly log: Log;
  readonly clock: Clock;
}

/**
 * Celery's exchanges for events and remote control, and the mailbox of this node. What is sent goes over the publishing connection, which a
 * server short of memory stops reading from; the mailbox is read on the other one.
 */
export class RabbitCeleryLink implements CeleryLink {
  private readonly sender: KeptChannel<Channel>;
  private readonly mailbox: KeptChannel<Channel> | undefined;
  /** Channels that the server does not permit what they are for. */
  private readonly denied = new Set<KeptChannel<Channel>>();
  private full = false;
  private blocked = false;
  private closing: Promise<void> | undefined;
  private readonly unsubscribe: (() => void)[];

  constructor(private readonly options: RabbitCeleryLinkOptions) {
    const { publishing, consuming, onControl, log, clock } = options;
    const common = { log, clock };
    this.sender = new KeptChannel<Channel>({
      ...common,
      link: publishing,
      purpose: 'events and replies of Celery',
      open: (connection) => connection.createChannel({ highWaterMark: MAX_WAITING }),
      setUp: (channel, connection) => this.setUpSender(channel, connection),
    });
    if (onControl)
      this.mailbox = new KeptChannel<Channel>({
        ...common,
        link: consuming,
        purpose: 'mailbox of Celery',
        open: (connection) => connection.createChannel(),
        setUp: (channel, connection) => this.setUpMailbox(channel, connection),
      });
    this.unsubscribe = [
      publishing.blocked.on(() => (this.blocked = true)),
      publishing.unblocked.on(() => (this.blocked = false)),
    ];
  }

  async start(): Promise<void> {
    const { publishing, consuming } = this.options;
    await Promise.all([this.open(this.sender, publishing.connection), this.open(this.mailbox, consuming.connection)]);
  }

  publishEvent(routingKey: string, body: Buffer, headers: Readonly<Record<string, unknown>>): boolean {
    return this.send(EVENTS, routingKey, body, headers);
  }

  async isHeard(routingKey: string, body: Buffer, headers: Readonly<Record<string, unknown>>): Promise<boolean> {
    const channel = this.sender.current;
    if (!channel) return false;
    let returned = false;
    const onReturn = (): void => void (returned = true);
    channel.on('return', onReturn);
    try {
      if (!this.send(EVENTS, routingKey, body, headers, true)) return false;
      // The server answers in order: a message that no queue took is returned before this is answered.
      await channel.checkExchange(EVENTS);
      return !returned;
    } catch {
      return false;
    } finally {
      channel.off('return', onReturn);
    }
  }

  reply(routingKey: string, body: Buffer, headers: Readonly<Record<string, unknown>>): boolean {
    return this.send(REPLIES, routingKey, body, headers);
  }

  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    for (const unsubscribe of this.unsubscribe) unsubscribe();
    await Promise.all([this.mailbox?.close(), this.sender.close()]);
  }

  /** A failure is told, and the channel is opened again with pauses. */
  private async open(kept: KeptChannel<Channel> | undefined, connection: ChannelModel | undefined): Promise<void> {
    if (!kept) return;
    try {
      if (connection) await kept.open(connection);
    } catch (error) {
      if (this.denied.has(kept)) return;
      this.options.log.warn({ err: error }, 'RabbitMQ does not let Celery tools see this worker yet; trying again');
    }
    kept.keep();
  }

  private send(
    exchange: string,
    routingKey: string,
    body: Buffer,
    headers: Readonly<Record<string, unknown>>,
    mandatory = false,
  ): boolean {
    const channel = this.sender.current;
    if (!channel || this.full || this.blocked) return false;
    try {
      this.full = !channel.publish(exchange, routingKey, body, {
        contentType: 'application/json',
        contentEncoding: 'utf-8',
        deliveryMode: 1,
        mandatory,
        headers: wideIntegers(headers),
      });
      return true;
    } catch {
      // The channel is closing.
      return false;
    }
  }

  private async setUpSender(channel: Channel, connection: ChannelModel): Promise<void> {
    this.full = false;
    channel.on('drain', () => (this.full = false));
    // It may declare, and not write.
    channel.on('error', (error: unknown) => {
      if (replyCode(error) === 403) this.deny(this.sender, SENT, error);
    });
    await this.allowed(this.sender, SENT, async () => {
      await declareExchange(connection, EVENTS, 'topic', true);
      await declareExchange(connection, REPLIES, 'direct', false);
    });
  }

  private async setUpMailbox(channel: Channel, connection: ChannelModel): Promise<void> {
    const { node, onControl } = this.options;
    const queue = `${node}.${CONTROL}`;
    await this.allowed(this.mailbox!, 'requests', async () => {
      await declareExchange(connection, CONTROL, 'fanout', false);
      await channel.assertQueue(queue, MAILBOX);
      await channel.bindQueue(queue, CONTROL, '');
      await channel.consume(
        queue,
        (message) => {
          if (message === null) return this.mailbox!.renew();
          const { headers, contentType } = message.properties;
          onControl!({
            body: message.content,
            headers: headers ?? {},
            contentType: contentType as string | undefined,
          });
        },
        { noAck: true },
      );
    });
  }

  private async allowed(kept: KeptChannel<Channel>, what: string, setUp: () => Promise<void>): Promise<void> {
    try {
      await setUp();
    } catch (error) {
      if (replyCode(error) !== 403) throw error;
      this.deny(kept, what, error);
    }
  }

  /** A user without the permission stays so until somebody changes that: told once, and not tried again. */
  private deny(kept: KeptChannel<Channel>, what: string, error: unknown): void {
    if (this.denied.has(kept)) return;
    this.denied.add(kept);
    kept.retire();
    this.options.log.warn(
      { err: error },
      `the user of BROKER_URL has no permission for Celery's exchanges: ${what} are off in this worker; grant it, or set WORKER_CELERY_EVENTS and WORKER_CELERY_CONTROL to off`,
    );
  }
}
