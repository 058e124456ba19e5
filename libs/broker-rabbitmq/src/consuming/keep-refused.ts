import { hasCode } from '@lovage/foundation';
import { Pauses, type Clock } from '@lovage/ports';
import type { Link } from '../connection/link.ts';
import type { ConfirmPublisher } from '../publishing/confirm-publisher.ts';
import type { Topology } from '../topology/topology.ts';
import { OWN_DEATH, ownDeath } from './death.ts';
import type { RabbitDelivery } from './rabbit-delivery.ts';

/** Until a message that could not be kept goes back to its queue, ms: it comes again at once, and would come round and round. */
const RETRY_MS = 1000;

/**
 * Moves a refused message to the dead letters in the place of a server that would drop it: published and confirmed there
 * before it is acked, so that it is in one of both places, or for a moment in both.
 */
export function keepInDeadLetters(deps: {
  publisher: ConfirmPublisher;
  topology: Topology;
  deadLetterQueue: string;
  link: Link;
  clock: Clock;
}): (delivery: RabbitDelivery) => Promise<void> {
  return async (delivery) => {
    try {
      await deps.publisher.publish(deps.deadLetterQueue, delivery.body, {
        contentType: delivery.contentType,
        contentEncoding: delivery.contentEncoding,
        // What RabbitMQ notes in `x-death` when it does this itself.
        headers: { ...delivery.headers, [OWN_DEATH]: ownDeath(delivery.queue, deps.clock.now()) },
        correlationId: delivery.correlationId,
        replyTo: delivery.replyTo,
        priority: delivery.priority,
      });
    } catch (error) {
      if (hasCode(error, 'unroutable') && deps.link.connection) {
        deps.topology.missDeadLetters(deps.link.connection);
        await deps.topology.deadLetters(deps.link.connection).catch(() => undefined);
      }
      await new Pauses(deps.clock).wait(RETRY_MS);
      throw error;
    }
  };
}
