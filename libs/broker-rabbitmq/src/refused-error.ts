import { LovageError } from '@lovage/foundation';
import { replyCode } from './connection/throwaway.ts';

/** RabbitMQ answered an order with no: a permission is missing, somebody has the queue for himself, … */
export class RabbitRefusedError extends LovageError {
  readonly code = 'rabbitmq_refused';
  /** AMQP's: 403 access refused, 405 resource locked, 406 precondition failed, … */
  readonly replyCode: number | undefined;

  /** @param what completes "RabbitMQ refuses to …". */
  constructor(what: string, options: { cause: unknown }) {
    const { cause } = options;
    super(
      `RabbitMQ refuses to ${what} (${cause instanceof Error ? cause.message : String(cause)}): ` +
        'see that its user may configure, read and write the queue, and that nobody holds it exclusively',
      options,
    );
    this.replyCode = replyCode(cause);
  }
}
