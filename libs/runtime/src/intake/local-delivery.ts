import { bandOf, type Delivery, type OutgoingMessage } from '@lovage/ports';

/**
 * A message that no broker has: its task was claimed with the slot that it got. To ack it is to do nothing.
 * @param onRefused its claim must be released: nobody delivers it again.
 */
export function localDelivery(message: OutgoingMessage, onRefused: () => void): Delivery {
  return {
    queue: message.queue,
    body: message.body,
    contentType: message.contentType,
    contentEncoding: message.contentEncoding,
    headers: message.headers,
    correlationId: message.correlationId,
    replyTo: message.replyTo,
    priority: message.priority,
    band: bandOf(message.priority),
    redelivered: false,
    ack: () => undefined,
    nack: onRefused,
  };
}
