import { randomUUID } from 'node:crypto';
import type { Channel, ChannelModel } from 'amqplib';
import type { Clock, Log, Reply, ReplyInbox } from '@lovage/ports';
import { KeptChannel } from '../connection/kept-channel.ts';
import type { Link } from '../connection/link.ts';

/**
 * The process's reply queue: exclusive, gone with the connection, and made anew under the same name on the next one. While
 * the server still takes the old connection for alive it refuses that (405); it is then tried again until it has closed it.
 */
export class ReplyQueue implements ReplyInbox {
  readonly address = randomUUID();
  private readonly kept: KeptChannel<Channel>;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly options: { link: Link; log: Log; clock: Clock; onReply(reply: Reply): void; onClosed(): void },
  ) {
    this.kept = new KeptChannel<Channel>({
      ...options,
      purpose: 'reply queue',
      open: (connection) => connection.createChannel(),
      setUp: (channel) => this.consume(channel),
    });
  }

  async start(connection: ChannelModel): Promise<void> {
    await this.kept.open(connection);
    this.kept.keep();
  }

  close(): Promise<void> {
    this.closing ??= this.finish();
    return this.closing;
  }

  private async consume(channel: Channel): Promise<void> {
    const { onReply, log } = this.options;
    await channel.assertQueue(this.address, { exclusive: true, durable: false });
    await channel.consume(
      this.address,
      (message) => {
        if (message === null) {
          this.kept.renew();
          return;
        }
        try {
          onReply({
            correlationId: (message.properties.correlationId as string | undefined) ?? '',
            body: message.content,
          });
        } catch (error) {
          log.error({ err: error }, 'the listener of a reply threw');
        }
      },
      { noAck: true },
    );
  }

  private async finish(): Promise<void> {
    const channel = this.kept.current;
    this.kept.retire();
    // Fails with the connection, and the queue is gone with that.
    await channel?.deleteQueue(this.address).catch(() => undefined);
    await this.kept.close();
    this.options.onClosed();
  }
}
