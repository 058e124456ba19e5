import { createHash } from 'node:crypto';
import { LovageError } from '@lovage/foundation';

/** Longest queue name, bytes: AMQP's limit, so that a name that works here works there. */
const MAX_BYTES = 255;

export class InvalidQueueNameError extends LovageError {
  readonly code = 'invalid_queue_name';
  constructor(readonly queue: string) {
    super(`not a queue name: ${JSON.stringify(queue.slice(0, 300))}; it takes 1 to ${MAX_BYTES} bytes and no NUL`);
  }
}

/** Whether a queue can have this name. What cannot be is never asked of Postgres, which refuses NUL in any text. */
export function isQueueName(name: string): boolean {
  return name.length > 0 && Buffer.byteLength(name) <= MAX_BYTES && !name.includes('\0');
}

/** Channel of notifications about a queue: fits an identifier without quotes, whatever the queue's name. */
export function queueChannel(name: string): string {
  return `lovage_q_${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
}
