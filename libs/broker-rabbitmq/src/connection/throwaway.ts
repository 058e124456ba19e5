import type { Channel, ChannelModel } from 'amqplib';
import { closeChannel } from './close-channel.ts';

/**
 * Runs `use` on a channel of its own, closed afterwards: for questions that the server may answer by closing the channel,
 * such as whether a queue exists.
 */
export async function onThrowawayChannel<T>(
  connection: ChannelModel,
  use: (channel: Channel) => Promise<T>,
): Promise<T> {
  const channel = await connection.createChannel();
  // The server's refusal comes as the rejection of the call; the event would tell the same again.
  channel.on('error', () => undefined);
  try {
    return await use(channel);
  } finally {
    void closeChannel(channel);
  }
}

/** AMQP's reply code, when the server refused: 404 not found, 406 precondition failed, 403 access refused … */
export function replyCode(error: unknown): number | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'number' ? code : undefined;
}
