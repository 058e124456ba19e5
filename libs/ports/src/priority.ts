/** Where in its queue a message waits: consumers are brought all three, and prefer the first. */
export type PriorityBand = 'high' | 'normal' | 'low';

/** The most urgent first. */
export const PRIORITY_BANDS: readonly PriorityBand[] = ['high', 'normal', 'low'];

/** What a message without a priority counts as: the middle, as with AMQP 1.0 and RabbitMQ's quorum queues. */
export const DEFAULT_PRIORITY = 4;

/** Priorities from 0 (least urgent) to 9: up to 3 are low, from 7 on high, the rest and none at all normal. */
export function bandOf(priority: number | null | undefined): PriorityBand {
  const urgency = priority ?? DEFAULT_PRIORITY;
  return urgency > 6 ? 'high' : urgency > 3 ? 'normal' : 'low';
}

/**
 * What a task keeps of the priority that its message states. Celery's producers say 0 where nobody gave one, so theirs of 0 is none.
 * @param ours a message that Lovage made
 */
export function keptPriority(stated: number | undefined, ours: boolean): number | null {
  return (ours ? stated : stated || undefined) ?? null;
}

/**
 * Adapters keep the bands of a queue in queues of their own beside it. No queue of a user's can have such a name
 * ({@link isQueueName}); the normal band is the queue itself.
 */
export function bandQueue(queue: string, band: PriorityBand): string {
  return band === 'normal' ? queue : `${queue}~${band}`;
}

/** Whether {@link bandQueue} gives such a name to a band beside a queue. */
export function isBandQueue(name: string): boolean {
  return name.endsWith('~high') || name.endsWith('~low');
}

/** The queue that a name given by {@link bandQueue} belongs to; any other name as it is. */
export function queueOfBand(name: string): string {
  return isBandQueue(name) ? name.slice(0, name.lastIndexOf('~')) : name;
}
