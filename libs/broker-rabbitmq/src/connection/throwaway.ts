import type { Channel, ChannelModel } from 'amqplib';
import { Limiter } from '@lovage/foundation';
import { BrokerUnavailableError, systemClock, within, type Clock } from '@lovage/ports';
import { closeChannel } from './close-channel.ts';

/** Channels that such questions have open at once on a connection. A server has a limit (2,047 unless told otherwise), and each costs it a process. */
const MOST_OPEN = 16;
/** Until a server that does not answer is given up, ms: it answers within a second even when it is busy, and a queue in trouble may never. */
const ANSWER_MS = 30_000;
const limiters = new WeakMap<ChannelModel, Limiter>();

/**
 * Runs `use` on a channel of its own, closed afterwards: for questions that the server may answer by closing the channel,
 * such as whether a queue exists. A few at a time: with three queues for each priority level, a list of all asks thousands at once.
 * @throws BrokerUnavailableError when the server does not answer within 30 s.
 */
export function onThrowawayChannel<T>(
  connection: ChannelModel,
  use: (channel: Channel) => Promise<T>,
  clock: Pick<Clock, 'after'> = systemClock,
): Promise<T> {
  let limiter = limiters.get(connection);
  if (!limiter) {
    limiter = new Limiter(MOST_OPEN);
    limiters.set(connection, limiter);
  }
  const late = (): Error => new BrokerUnavailableError(`RabbitMQ has not answered within ${ANSWER_MS / 1000} s`);
  return limiter.run(() => within(clock, ANSWER_MS, onChannel(connection, use), late));
}

async function onChannel<T>(connection: ChannelModel, use: (channel: Channel) => Promise<T>): Promise<T> {
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
