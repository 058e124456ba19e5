/** How urgent a message is: consumers are brought all three levels, and prefer the first. */
export type PriorityLevel = 'high' | 'normal' | 'low';

/** The most urgent first. */
export const PRIORITY_LEVELS: readonly PriorityLevel[] = ['high', 'normal', 'low'];

/** What a message without a priority counts as: the middle, as with AMQP 1.0 and RabbitMQ's quorum queues. */
export const DEFAULT_PRIORITY = 4;

/** Priorities from 0 (least urgent) to 9: up to 3 are low, from 7 on high, the rest and none at all normal. */
export function levelOf(priority: number | null | undefined): PriorityLevel {
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
