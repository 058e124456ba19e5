import { LovageError } from '@lovage/foundation';

/** Longest queue name, bytes: AMQP's limit, so that a name that works with one broker works with each. */
const MAX_BYTES = 255;

/** A queue cannot have this name. */
export class InvalidQueueNameError extends LovageError {
  readonly code = 'invalid_queue_name';
  constructor(readonly queue: string) {
    super(`not a queue name: ${JSON.stringify(queue.slice(0, 300))}; it takes 1 to ${MAX_BYTES} bytes and no NUL`);
  }
}

/** Whether a queue can have this name. */
export function isQueueName(name: string): boolean {
  return name.length > 0 && Buffer.byteLength(name) <= MAX_BYTES && !name.includes('\0');
}
