import type { Channel } from 'amqplib';

/**
 * Resolves once the channel is closed, whatever closed it. amqplib's own promise stays open for ever when the connection
 * goes before the server has answered.
 */
export function closeChannel(channel: Channel): Promise<void> {
  return new Promise((resolve) => {
    channel.once('close', () => resolve());
    // Rejects when it was closed before.
    channel.close().then(resolve, () => resolve());
  });
}
