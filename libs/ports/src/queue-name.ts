import { LovageError } from '@lovage/foundation';

/** Longest queue name, bytes: AMQP's limit, so that a name that works with one broker works with each. */
const MAX_BYTES = 255;

/** A queue cannot have this name. */
export class InvalidQueueNameError extends LovageError {
  readonly code = 'invalid_queue_name';
  /** @param rule what the adapter asks for beyond {@link isQueueName}, for the message. Default: nothing. */
  constructor(
    readonly queue: string,
    rule?: string,
  ) {
    const also = rule === undefined ? '' : `, and ${rule}`;
    super(`not a queue name: ${JSON.stringify(queue.slice(0, 300))}; it takes 1 to ${MAX_BYTES} bytes, no NUL${also}`);
  }
}

/** Whether a queue can have this name. An adapter may keep some names for itself. */
export function isQueueName(name: string): boolean {
  return name.length > 0 && Buffer.byteLength(name) <= MAX_BYTES && !name.includes('\0');
}
