import { createHash } from 'node:crypto';
import {
  canvasRefusal,
  decodeTask,
  headersJson,
  rootIdOf,
  taskIdOf,
  type DecodedTask,
  type IncomingTask,
} from '@lovage/celery';
import { newId, withBigintsAsText } from '@lovage/foundation';
import {
  keptPriority,
  MAX_LETTER_BYTES,
  UNREADABLE_NAME,
  type Delivery,
  type NewDeadLetter,
  type NewTask,
} from '@lovage/ports';
import { deathOf, type Death } from './death.ts';

/** What RabbitMQ says of this delivery, and not of the message. */
const OF_DELIVERY: ReadonlySet<string> = new Set(['x-delivery-count', 'x-acquired-count', 'x-delivered-by']);

/**
 * Nobody refused those: a rule of the queue took them away. Once more, then they are given up, or such a queue would be a wheel that
 * turns for ever.
 */
const TAKEN_BY_A_RULE: ReadonlySet<string> = new Set(['expired', 'maxlen']);

/** Longest text on why a message cannot be read. */
const MAX_DETAIL = 1000;

/** What is written down of a dead message: all that can be read of it. Never throws. */
export function readLetter(delivery: Delivery): NewDeadLetter {
  const { headers, body } = delivery;
  const death = deathOf(delivery);
  const decoded = decodeTask(delivery);
  const { id: wireId, name } = decoded.ok ? decoded.task : decoded;
  // What a worker refuses it for; it says no more than that to the broker.
  const fault = decoded.ok ? canvasRefusal(decoded.task) : decoded;
  const malformed = fault !== undefined && (death.reason === 'rejected' || death.reason === 'unknown');
  const reason = malformed ? 'malformed' : death.reason;
  const taskId = wireId === undefined ? null : taskIdOf(wireId);
  const kept = headersJson(headers, OF_DELIVERY);
  const turn = turnOf(headers['x-lovage-turn']);
  // Ours carry a turn.
  const priority = keptPriority(delivery.priority, turn >= 0);
  const hadRow = headers['x-lovage-row'] === 1 || headers['x-lovage-row'] === true;
  return {
    id: newId(),
    fingerprint: fingerprintOf(delivery, kept),
    redelivered: wasDelivered(delivery),
    queue: death.queue,
    reason,
    code: fault?.code ?? null,
    detail: fault === undefined ? null : fault.reason.slice(0, MAX_DETAIL).replaceAll('\0', ''),
    taskId,
    wireId: taskId === wireId ? null : (wireId ?? null),
    name: name ?? null,
    turn,
    priority,
    hadRow,
    headers: kept,
    contentType: textOf(delivery.contentType),
    contentEncoding: textOf(delivery.contentEncoding),
    body: body.subarray(0, MAX_LETTER_BYTES),
    bodySize: body.length,
    diedAt: death.at,
    task: taskId === null ? null : rowOf(taskId, wireId!, name, death.queue, decoded, priority),
    error: JSON.stringify(errorOf(fault, reason, death)),
    sendAgain: decoded.ok && TAKEN_BY_A_RULE.has(reason),
  };
}

/** The same letter, to be written a second time: it is there already, unless the first try came to nothing. */
export function asRepeated(letter: NewDeadLetter): NewDeadLetter {
  return { ...letter, redelivered: true };
}

/** The same letter with as little as can be kept of it, for one that Postgres refuses. A row that waits for it still ends. */
export function bareLetter(letter: NewDeadLetter, why: string): NewDeadLetter {
  const bare = { wireId: null, name: null, headers: '{}', contentType: null, contentEncoding: null };
  const row = { wireId: null, name: UNREADABLE_NAME, input: null, message: null, eta: null, expiresAt: null };
  return {
    ...letter,
    ...bare,
    task: letter.task && { ...letter.task, ...row },
    // None is made.
    hadRow: true,
    detail: `parts of it cannot be kept: ${why}`.slice(0, MAX_DETAIL).replaceAll('\0', ''),
    sendAgain: false,
  };
}

/** Of the message alone: not of who gets it, nor of how often. */
function fingerprintOf(
  { body, contentType, contentEncoding, correlationId, identity }: Delivery,
  headers: string,
): string {
  const facts = JSON.stringify([identity ?? null, contentType, contentEncoding, correlationId, headers]);
  return createHash('sha256').update(facts).update('\0').update(body).digest('base64url');
}

/**
 * A broker that tells messages apart makes every letter certain. RabbitMQ does not; there a message that was never handed out is a new
 * one, whatever it looks like.
 */
function wasDelivered({ identity, redelivered, headers }: Delivery): boolean {
  const counted = [headers['x-delivery-count'], headers['x-acquired-count']];
  return identity !== undefined || redelivered || counted.some((count) => typeof count === 'number' && count > 0);
}

function turnOf(value: unknown): number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 2 ** 30 ? value : -1;
}

function textOf(value: string | undefined): string | null {
  return value === undefined ? null : value.slice(0, 255).replaceAll('\0', '');
}

function errorOf(
  fault: { readonly code: string; readonly reason: string } | undefined,
  reason: string,
  { queue }: Death,
): { type: string; message: string; data?: unknown } {
  if (reason === 'malformed' && fault)
    return { type: 'MessageMalformed', message: `${fault.code}: ${fault.reason}`.slice(0, MAX_DETAIL) };
  return {
    type: 'MessageGivenUp',
    message: `the broker gave up the message of this task in queue ${queue}: ${reason}`,
    data: { queue, reason },
  };
}

/** The facts of a row that the message tells; a claim would have made it of the same. */
function rowOf(
  id: string,
  wireId: string,
  name: string | undefined,
  queue: string,
  decoded: DecodedTask,
  priority: number | null,
): NewTask {
  const task = decoded.ok ? decoded.task : undefined;
  const facts = task?.facts;
  return {
    id,
    wireId: id === wireId ? null : wireId,
    name: name ?? UNREADABLE_NAME,
    queue,
    ...argumentsOf(task),
    userId: facts?.userId ?? null,
    parentId: task?.parentId == null ? null : taskIdOf(task.parentId),
    rootId: task ? rootIdOf(task) : id,
    retriedFrom: facts?.retriedFrom ?? null,
    eta: task?.eta ?? null,
    expiresAt: facts?.expiresAt ?? task?.expiresAt ?? null,
    priority,
    stamp: task?.stamp ?? null,
    extra: facts?.extra ? JSON.stringify(facts.extra) : null,
  };
}

function argumentsOf(task: IncomingTask | undefined): Pick<NewTask, 'input' | 'message'> {
  if (!task) return { input: null, message: null };
  const { inputJson, args, kwargs } = task;
  if (inputJson !== null) return { input: inputJson, message: null };
  if (args.length === 0) return { input: JSON.stringify(withBigintsAsText(kwargs)), message: null };
  return { input: null, message: JSON.stringify(withBigintsAsText({ args, kwargs })) };
}
