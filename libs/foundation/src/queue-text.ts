import { isUuid } from './ids.ts';

/** See {@link isQueueText}; for schemas that show the pattern. */
export const QUEUE_TEXT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;

/** What {@link isQueueText} takes, for messages. */
export const QUEUE_TEXT_RULE = 'letters, digits, ". _ -", at most 200';

/**
 * Whether a queue of this name is a server's or a program's own: RabbitMQ's (`amq.…`), Celery's events and remote control,
 * an inbox of replies (a UUID), results of foreign tasks. Nobody serves tasks there.
 */
export function isInternalQueue(name: string): boolean {
  return (
    /^(?:amq\.|celeryev(?:\.|$)|celery\.pidbox$|lovage_reply_)/i.test(name) ||
    /\.(?:celery\.pidbox|foreign-results(?:~(?:high|low))?)$/i.test(name) ||
    isUuid(name)
  );
}

/** Whether contracts, submits, routes and settings may name a queue so. */
export function isQueueText(name: unknown): name is string {
  return typeof name === 'string' && QUEUE_TEXT.test(name);
}
