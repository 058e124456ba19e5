import { once } from 'node:events';
import { afterAll, beforeAll } from '@jest/globals';
import { connect, type Channel, type ChannelModel, type Message } from 'amqplib';
import { closeChannel } from '../connection/close-channel.ts';

/** amqplib without us: what others do, and what is really on the wire. */
export class Plain {
  private held: ChannelModel | undefined;

  constructor(url: string) {
    beforeAll(async () => {
      this.held = await connect(url);
      this.held.on('error', () => undefined);
    });
    afterAll(() => this.held?.close());
  }

  get connection(): ChannelModel {
    return this.held!;
  }

  /** Runs on a channel of its own; rejects with the server's refusal. */
  async on<T>(use: (channel: Channel) => Promise<T>): Promise<T> {
    const channel = await this.connection.createChannel();
    channel.on('error', () => undefined);
    try {
      return await use(channel);
    } finally {
      await closeChannel(channel);
    }
  }

  /** The next message of a queue, acked; waits for it. */
  next(queue: string): Promise<Message> {
    return this.on(async (channel) => {
      await channel.prefetch(1);
      const arrived = new Promise<Message>((resolve) => {
        void channel.consume(queue, (message) => {
          channel.ack(message!);
          resolve(message!);
        });
      });
      return arrived;
    });
  }
}

/** Publishes and waits until the server has it. */
export async function put(plain: Plain, queue: string, body: string): Promise<void> {
  const channel = await plain.connection.createConfirmChannel();
  channel.sendToQueue(queue, Buffer.from(body), { persistent: true });
  await channel.waitForConfirms();
  const closed = once(channel, 'close');
  await channel.close();
  await closed.catch(() => undefined);
}
