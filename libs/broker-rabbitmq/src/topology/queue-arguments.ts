import type { Options } from 'amqplib';
import type { QueueKind } from '../options.ts';

/** Exchange and queue of the dead letters, unless the options say otherwise: what was refused, of all our queues. */
export const DEAD_LETTERS = 'lovage.dead';

/**
 * RabbitMQ 4 drops a message at its 20th delivery unless told otherwise. Attempts are counted in the task's row, and that
 * count decides; this one only ends a loop that turns without end, at a place where its message is kept.
 */
const DELIVERY_LIMIT = 1_000_000;

/** @param deadLetters exchange of the dead letters. */
export function queueOptions(kind: QueueKind, deadLetters: string): Options.AssertQueue {
  if (kind === 'celery') return { durable: true };
  return {
    durable: true,
    arguments: {
      'x-queue-type': 'quorum',
      'x-dead-letter-exchange': deadLetters,
      // The letter leaves its queue only once the dead letter queue has confirmed it; RabbitMQ asks for reject-publish with it.
      'x-dead-letter-strategy': 'at-least-once',
      'x-overflow': 'reject-publish',
      'x-delivery-limit': DELIVERY_LIMIT,
    },
  };
}

/** Of the dead letter queue itself: nothing behind it, so RabbitMQ 4 would drop a letter at the 20th death of a collector. */
export const DEAD_LETTER_QUEUE: Options.AssertQueue = {
  durable: true,
  arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': DELIVERY_LIMIT },
};
