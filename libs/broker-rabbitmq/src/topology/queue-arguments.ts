import type { Options } from 'amqplib';

/**
 * How queues are made that do not exist yet. A queue that is there is taken over as it is.
 *
 * - `quorum`: replicated, with the dead letters behind it.
 * - `celery`: durable, classic, without arguments, exactly as a Python worker declares it; for queues shared with Python.
 */
export type QueueKind = 'quorum' | 'celery';

/** Exchange and queue of the dead letters, unless the options say otherwise: what was refused, of all our queues. */
export const DEAD_LETTERS = 'lovage.dead';

/**
 * RabbitMQ 4 drops a message at its 20th delivery unless told otherwise. Attempts are counted in the task's row, and that
 * count decides; this one only ends a loop without end, at a place where its message is kept.
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
      // The message leaves its queue only once the dead letter queue has confirmed it; RabbitMQ asks for reject-publish with it.
      'x-dead-letter-strategy': 'at-least-once',
      'x-overflow': 'reject-publish',
      'x-delivery-limit': DELIVERY_LIMIT,
    },
  };
}

/** Of the dead letter queue itself: nothing behind it, so RabbitMQ 4 would drop a dead-lettered message at the 20th death of a collector. */
export const DEAD_LETTER_QUEUE: Options.AssertQueue = {
  durable: true,
  arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': DELIVERY_LIMIT },
};
