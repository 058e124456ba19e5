import { InvalidQueueNameError, isQueueName, type PriorityLevel } from '@lovage/ports';

/** The levels that have a queue of their own beside the queue itself, which is the normal one. */
export const OTHER_LEVELS = ['high', 'low'] as const satisfies readonly PriorityLevel[];

/** AMQP's limit for a name, bytes. */
const MAX_BYTES = 255;

/** Name of the server's queue that holds one level of a queue. */
export function levelQueue(queue: string, level: PriorityLevel): string {
  return level === 'normal' ? queue : `${queue}~${level}`;
}

/** Whether {@link levelQueue} gives this name to a level. */
export function isLevelQueue(name: string): boolean {
  return name.endsWith('~high') || name.endsWith('~low');
}

/** The queue that a name given by {@link levelQueue} belongs to; any other name as it is. */
export function queueOfLevel(name: string): string {
  return isLevelQueue(name) ? name.slice(0, name.lastIndexOf('~')) : name;
}

/** Whether a queue of this name has room for its levels beside it. One without knows no priorities. */
export function hasRoomForLevels(queue: string): boolean {
  return Buffer.byteLength(queue) <= MAX_BYTES - '~high'.length;
}

/** Whether a user's queue can have this name: those of levels belong to the queue beside which they are. */
export function isUsersQueue(name: string): boolean {
  return isQueueName(name) && !isLevelQueue(name);
}

/** @throws InvalidQueueNameError for a name that no user's queue can have here. */
export function checkQueueName(name: string): void {
  if (!isUsersQueue(name)) throw new InvalidQueueNameError(name, 'on RabbitMQ no ~high or ~low at its end');
}
