/** See {@link isQueueText}; for schemas that show the pattern. */
export const QUEUE_TEXT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;

/** What {@link isQueueText} takes, for messages. */
export const QUEUE_TEXT_RULE = 'letters, digits, ". _ -", at most 200';

/** Whether contracts, submits, routes and settings may name a queue so. */
export function isQueueText(name: unknown): name is string {
  return typeof name === 'string' && QUEUE_TEXT.test(name);
}
