import type { Channel, ChannelModel } from 'amqplib';
import type { Clock, Log, Reply } from '@lovage/ports';
import { KeptChannel } from '../connection/kept-channel.ts';
import type { Link } from '../connection/link.ts';

/** Frames that may wait for the socket. Beyond, replies are dropped: they notify, the row is the record. */
const MAX_WAITING = 16_384;

/** Sends replies, best effort, on a channel without confirms. As Celery's rpc backend does: default exchange, not persistent. */
export class ReplySender {
  private readonly kept: KeptChannel<Channel>;
  private full = false;
  private blocked = false;

  constructor(options: { link: Link; log: Log; clock: Clock }) {
    this.kept = new KeptChannel<Channel>({
      ...options,
      purpose: 'reply sender',
      open: (connection) => connection.createChannel({ highWaterMark: MAX_WAITING }),
      setUp: (channel) => {
        this.full = false;
        channel.on('drain', () => (this.full = false));
        return Promise.resolve();
      },
    });
  }

  open(connection: ChannelModel): Promise<void> {
    return this.kept.open(connection);
  }

  keep(): void {
    this.kept.keep();
  }

  close(): Promise<void> {
    return this.kept.close();
  }

  setBlocked(blocked: boolean): void {
    this.blocked = blocked;
  }

  send(address: string, reply: Reply): void {
    const channel = this.kept.current;
    if (!channel || this.full || this.blocked) return;
    try {
      this.full = !channel.publish('', address, reply.body, {
        contentType: 'application/json',
        contentEncoding: 'utf-8',
        correlationId: reply.correlationId,
        deliveryMode: 1,
      });
    } catch {
      // The channel is closing, or the address is invalid: dropped.
    }
  }
}
