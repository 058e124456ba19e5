import type { ChannelModel } from 'amqplib';
import { onThrowawayChannel, replyCode } from '../connection/throwaway.ts';

/** Where messages come out that producers of Celery 5.5 and later have delayed. */
const DELIVERY = 'celery_delayed_delivery';
/** Bits of a delay in seconds, and so queues that it is made of. */
const LEVELS = 28;

/** The kind of the queues in which messages wait; the same for all programs of a virtual host. */
export type DelayQueues = 'quorum' | 'classic';

/**
 * Lets a queue receive what Celery's producers have delayed: the routing key is the 28 bits of the delay, and then the queue. The pattern has
 * exactly so many `*`; with `#` the queue `a` would also get what is for `b.a`.
 */
export async function bindDelayed(connection: ChannelModel, queue: string): Promise<void> {
  const pattern = `${'*.'.repeat(LEVELS)}${queue}`;
  // AMQP's limit.
  if (Buffer.byteLength(pattern) > 255) return;
  await onThrowawayChannel(connection, async (channel) => {
    await channel.assertExchange(DELIVERY, 'topic', { durable: true });
    await channel.bindQueue(queue, DELIVERY, pattern);
  });
}

/**
 * The queues and exchanges by which messages wait, exactly as Celery's workers declare them: a message waits in a queue for each bit
 * of its delay that is set, longest first.
 */
export async function declareDelays(connection: ChannelModel, kind: DelayQueues): Promise<void> {
  await onThrowawayChannel(connection, async (channel) => {
    await channel.assertExchange(DELIVERY, 'topic', { durable: true });
    for (let level = 0; level < LEVELS; level += 1) {
      const name = nameOf(level);
      await channel.assertExchange(name, 'topic', { durable: true });
      await channel.assertQueue(name, {
        durable: true,
        arguments: {
          ...{ 'x-queue-type': kind, 'x-overflow': 'reject-publish', 'x-message-ttl': 2 ** level * 1000 },
          'x-dead-letter-exchange': level === 0 ? DELIVERY : nameOf(level - 1),
          ...(kind === 'quorum' && { 'x-dead-letter-strategy': 'at-least-once' }),
        },
      });
      const before = '*.'.repeat(LEVELS - 1 - level);
      await channel.bindQueue(name, name, `${before}1.#`);
      await channel.bindExchange(level === 0 ? DELIVERY : nameOf(level - 1), name, `${before}0.#`);
    }
  });
}

/** The user may not, or somebody has declared it otherwise: then it is theirs. */
export const isRefusal = (error: unknown): boolean => [403, 406].includes(replyCode(error) ?? 0);

const nameOf = (level: number): string => `celery_delayed_${level}`;
