import { LovageError } from '@lovage/foundation';
import { isBandQueue } from './priority.ts';

/** Longest queue name, bytes: AMQP's limit, so that a name that works with one broker works with each. */
const MAX_BYTES = 255;

/** A queue cannot have this name. */
export class InvalidQueueNameError extends LovageError {
  readonly code = 'invalid_queue_name';
  constructor(readonly queue: string) {
    super(
      `not a queue name: ${JSON.stringify(queue.slice(0, 300))}; it takes 1 to ${MAX_BYTES} bytes, no NUL, and no ~high or ~low at its end`,
    );
  }
}

/** Whether a queue can have this name. Those of bands are taken: they belong to the queue beside which they are. */
export function isQueueName(name: string): boolean {
  return name.length > 0 && Buffer.byteLength(name) <= MAX_BYTES && !name.includes('\0') && !isBandQueue(name);
}

/** Whether there is room for the bands of a queue beside its name. One without knows no priorities. */
export function canHaveBands(queue: string): boolean {
  return Buffer.byteLength(queue) <= MAX_BYTES - '~high'.length;
}
