import type { ChannelModel } from 'amqplib';
import { onThrowawayChannel, replyCode } from '../connection/throwaway.ts';

/** Celery's exchanges beside those of tasks. */
export const EVENTS = 'celeryev';
export const CONTROL = 'celery.pidbox';
export const REPLIES = 'reply.celery.pidbox';

/** As Celery declares mailboxes, ms: one is gone so long after its last consumer; a message waits so long in it at most. */
export const MAILBOX = { durable: false, autoDelete: true, expires: 10_000, messageTtl: 300_000 } as const;

/** One that somebody has declared differently is taken as it is: Celery can be told other arguments. */
export async function declareExchange(
  connection: ChannelModel,
  name: string,
  type: 'topic' | 'direct' | 'fanout',
  durable: boolean,
): Promise<void> {
  try {
    await onThrowawayChannel(connection, (channel) => channel.assertExchange(name, type, { durable }));
  } catch (error) {
    if (replyCode(error) !== 406) throw error;
  }
}
