import { InvalidQueueNameError, isQueueName, UnroutableError } from '@lovage/ports';

/** What kombu puts between the parts of a name. */
export const SEPARATOR = '\x06\x16';
/** What was taken and is not acked: tag → message, as kombu keeps it. */
export const UNACKED = 'unacked';
/** Since when, by tag, in seconds. */
export const UNACKED_INDEX = 'unacked_index';
/** Sessions of ours that may hold messages: id → when it was last renewed, ms. */
export const SESSIONS = 'lovage.sessions';

/** A name of what Redis holds, drawn when it held nothing of ours: another one tells that it has forgotten all. */
export const EPOCH = 'lovage.epoch';

/** Lists in which answers of workers are awaited, as bound: each with the ms since the epoch until which they are. */
export const CONSOLES = 'lovage.consoles';

/** Before the queue in each tag of ours, so that nobody has to read the message to know whose it is. */
export const OUR_TAG = 'lv';

export const bindingKey = (exchange: string): string => `_kombu.binding.${exchange}`;

/** A queue that gets what is sent under this routing key. */
export const boundMember = (routingKey: string, queue: string): string => [routingKey, '', queue].join(SEPARATOR);

/** As Celery declares a queue: bound to the exchange of its own name. */
export const bindingMember = (queue: string): string => boundMember(queue, queue);

/**
 * The lists of a queue, the most urgent first: kombu's steps 0, 3, 6, 9, of which the first is served first. Our priorities go the
 * other way: 7 to 9 are in the first, 4 to 6 and none in the second, 1 to 3 in the third, 0 in the last.
 */
export const listsOf = (queue: string): [string, string, string, string] => [
  queue,
  `${queue}${SEPARATOR}3`,
  `${queue}${SEPARATOR}6`,
  `${queue}${SEPARATOR}9`,
];

/** Place in {@link listsOf} of a priority of ours; none counts as 4. */
export function placeOf(priority: number | undefined): 0 | 1 | 2 | 3 {
  const urgency = priority ?? 4;
  return urgency > 6 ? 0 : urgency > 3 ? 1 : urgency > 0 ? 2 : 3;
}

/** Names of channels are one space for all databases of a server. */
export const fanoutPrefix = (db: number): string => `/${db}.`;
export const wakeChannel = (db: number, queue: string): string => `${fanoutPrefix(db)}lovage.wake.${queue}`;
/** Requests of Celery's remote control: each of its workers listens. */
export const controlChannel = (db: number): string => `${fanoutPrefix(db)}celery.pidbox`;
/** Who of ours listens to {@link controlChannel}. */
export const ourControlChannel = (db: number): string => `${fanoutPrefix(db)}lovage.control`;
export const sessionPrefix = (db: number): string => `${fanoutPrefix(db)}lovage.session.`;

const RULE = `is not one of the names that this broker keeps in Redis for itself (unacked…, _kombu…, lovage.sessions, lovage.epoch, lovage.consoles)`;

function isReserved(queue: string): boolean {
  return (
    queue === SESSIONS ||
    queue === EPOCH ||
    queue === CONSOLES ||
    /^unacked(?:_index|_mutex)?$/.test(queue) ||
    queue.startsWith('_kombu.') ||
    queue.includes(SEPARATOR)
  );
}

/** @throws InvalidQueueNameError */
export function checkDeclared(queue: string): void {
  if (!isQueueName(queue)) throw new InvalidQueueNameError(queue);
  if (isReserved(queue)) throw new InvalidQueueNameError(queue, RULE);
}

/** @throws UnroutableError */
export function checkUsed(queue: string): void {
  if (!isQueueName(queue) || isReserved(queue)) throw new UnroutableError(queue);
}
