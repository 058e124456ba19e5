import { createHash } from 'node:crypto';
import {
  canvasRefusal,
  decodeTask,
  headersJson,
  rowOf,
  taskIdOf,
  wireIdOf,
  type CanvasAbility,
  type DecodedTask,
  type IncomingTask,
  generationIn,
} from '@lovage/celery';
import { newId, withBigintsAsText } from '@lovage/foundation';
import {
  blankTask,
  keptPriority,
  MAX_DEAD_LETTER_BYTES,
  UNREADABLE_NAME,
  type Delivery,
  type MessageDeath,
  type NewDeadLetter,
  type NewTask,
} from '@lovage/ports';

/** What RabbitMQ says of this delivery, and not of the message. */
const OF_DELIVERY: ReadonlySet<string> = new Set(['x-delivery-count', 'x-acquired-count', 'x-delivered-by']);

/**
 * Nobody refused those: a rule of the queue took them away. They are sent once more, then given up: such a queue would return them
 * without end.
 */
const TAKEN_BY_A_RULE: ReadonlySet<string> = new Set(['expired', 'maxlen']);

/** Longest text on why a message cannot be read. */
const MAX_DETAIL = 1000;

/**
 * What is written down of a dead message: all that can be read of it. Never throws.
 * @param canvas what workers can do with Celery's canvas; undefined: nothing
 */
export function readDeadLetter(delivery: Delivery, canvas?: CanvasAbility): NewDeadLetter {
  const { headers, body } = delivery;
  const death: MessageDeath = delivery.death ?? { queue: delivery.queue, reason: 'unknown', at: null, count: 1 };
  const decoded = decodeTask(delivery);
  const { id: wireId, name } = decoded.ok ? decoded.task : decoded;
  // What a worker refuses it for; it says no more than that to the broker.
  const fault = decoded.ok ? canvasRefusal(decoded.task, canvas) : decoded;
  const malformed = fault !== undefined && (death.reason === 'rejected' || death.reason === 'unknown');
  const reason = malformed ? 'malformed' : death.reason;
  const taskId = wireId === undefined ? null : taskIdOf(wireId);
  const kept = headersJson(headers, OF_DELIVERY);
  const generation = generationOf(generationIn(headers));
  // Ours carry a generation.
  const priority = keptPriority(delivery.priority, generation >= 0);
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
    wireId: wireId === undefined ? null : wireIdOf(wireId, taskIdOf(wireId)),
    name: name ?? null,
    generation,
    priority,
    hadRow,
    headers: kept,
    contentType: textOf(delivery.contentType),
    contentEncoding: textOf(delivery.contentEncoding),
    body: body.subarray(0, MAX_DEAD_LETTER_BYTES),
    bodySize: body.length,
    diedAt: death.at,
    task: taskId === null ? null : newTaskOf(taskId, wireId!, name, death.queue, decoded, priority),
    error: JSON.stringify(errorOf(fault, reason, death)),
    resend: decoded.ok && TAKEN_BY_A_RULE.has(reason),
  };
}

/** The same dead letter, to be written a second time: it is there already, unless the first try came to nothing. */
export function asRepeated(deadLetter: NewDeadLetter): NewDeadLetter {
  return { ...deadLetter, redelivered: true };
}

/** The same dead letter with as little as can be kept of it, for one that Postgres refuses. A row that waits for it still ends. */
export function bareDeadLetter(deadLetter: NewDeadLetter, reason: string): NewDeadLetter {
  const bare = { wireId: null, name: null, headers: '{}', contentType: null, contentEncoding: null };
  const row = { wireId: null, name: UNREADABLE_NAME, input: null, message: null, eta: null, expiresAt: null };
  return {
    ...deadLetter,
    ...bare,
    task: deadLetter.task && { ...deadLetter.task, ...row },
    // None is made.
    hadRow: true,
    detail: `parts of it cannot be kept: ${reason}`.slice(0, MAX_DETAIL).replaceAll('\0', ''),
    resend: false,
  };
}

/** Of the message alone: not of who gets it, nor of how often. */
function fingerprintOf(
  { body, contentType, contentEncoding, correlationId, identity, death }: Delivery,
  headers: string,
): string {
  const died = death && [death.queue, death.reason, death.at];
  const parts = JSON.stringify([identity ?? null, contentType, contentEncoding, correlationId, headers, died]);
  return createHash('sha256').update(parts).update('\0').update(body).digest('base64url');
}

/**
 * A broker that tells messages apart makes every dead letter certain. RabbitMQ does not; there a message that was never handed out is a new
 * one, whatever it looks like.
 */
function wasDelivered({ identity, redelivered, headers }: Delivery): boolean {
  const counted = [headers['x-delivery-count'], headers['x-acquired-count']];
  return identity !== undefined || redelivered || counted.some((count) => typeof count === 'number' && count > 0);
}

function generationOf(value: unknown): number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 2 ** 30 ? value : -1;
}

function textOf(value: string | undefined): string | null {
  return value === undefined ? null : value.slice(0, 255).replaceAll('\0', '');
}

function errorOf(
  fault: { readonly code: string; readonly reason: string } | undefined,
  reason: string,
  { queue }: MessageDeath,
): { type: string; message: string; data?: unknown } {
  if (reason === 'malformed' && fault)
    return { type: 'MessageMalformed', message: `${fault.code}: ${fault.reason}`.slice(0, MAX_DETAIL) };
  return {
    type: 'MessageGivenUp',
    message: `the broker gave up the message of this task in queue ${queue}: ${reason}`,
    data: { queue, reason },
  };
}

/** The row that the message tells of, as a claim would have made it. */
function newTaskOf(
  id: string,
  wireId: string,
  name: string | undefined,
  queue: string,
  decoded: DecodedTask,
  priority: number | null,
): NewTask {
  if (decoded.ok) {
    const task = withoutBigints(decoded.task);
    const input = task.inputJson ?? (task.args.length === 0 ? JSON.stringify(task.kwargs) : null);
    return rowOf(task, { queue, priority, input });
  }
  const unreadable = { name: name ?? UNREADABLE_NAME, wireId: wireIdOf(wireId, id), rootId: id };
  return blankTask({ id, queue, priority, ...unreadable });
}

/** No contract tells here where a bigint may stand: all of them become text, as rows carry them. */
function withoutBigints(task: IncomingTask): IncomingTask {
  if (!task.holdsBigints) return task;
  const { args, kwargs, embed } = task;
  return {
    ...task,
    ...(withBigintsAsText({ args, kwargs, embed }) as Pick<IncomingTask, 'args' | 'kwargs' | 'embed'>),
  };
}
