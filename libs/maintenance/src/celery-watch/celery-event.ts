import { taskIdOf, wireIdOf, type CeleryEvent } from '@lovage/celery';
import { parseIsoTime } from '@lovage/celery';
import type { ObservedTask, SeenCeleryWorker } from '@lovage/ports';
import type { TaskErrorDocument, TaskState } from '@lovage/task';

/** Longest texts that are kept, characters. */
const MAX_TEXT = 1024;
const MAX_TRACEBACK = 8192;
const MAX_INT = 2_147_483_647;
/** Of a task whose queue nobody has told. */
const UNTOLD_QUEUE = 'celery';

/** A node, as an event of its own tells. Undefined: it is another event. */
export function workerOf({ type, hostname, fields }: CeleryEvent): SeenCeleryWorker | undefined {
  if (type !== 'worker-online' && type !== 'worker-heartbeat' && type !== 'worker-offline') return undefined;
  const { freq } = fields;
  return {
    name: hostname,
    pid: wholeOf(fields['pid']),
    software: textOf(fields['sw_ident'], 100),
    version: textOf(fields['sw_ver'], 100),
    active: wholeOf(fields['active']),
    processed: wholeOf(fields['processed']),
    freq: typeof freq === 'number' && freq > 0 && freq <= 3600 ? freq : 2,
    gone: type === 'worker-offline',
  };
}

/** The queue that a client has sent a task to. */
export function queueOfSent({ fields }: CeleryEvent): { readonly id: string; readonly queue: string } | undefined {
  const [id, queue] = [idOf(fields['uuid']), textOf(fields['queue'], 255)];
  return id !== undefined && queue !== null && queue !== '' ? { id: taskIdOf(id), queue } : undefined;
}

/** What an event tells of a task; undefined: nothing that is kept. @param queueOf of a task that was seen being sent */
export function taskOf(
  { type, hostname, fields }: CeleryEvent,
  queueOf: (id: string) => string | undefined,
): ObservedTask | undefined {
  const wireId = idOf(fields['uuid']);
  const state = stateOf(type, fields);
  if (wireId === undefined || state === undefined) return undefined;
  const id = taskIdOf(wireId);
  const received = type === 'task-received';
  const [root, parent] = [idOf(fields['root_id']), idOf(fields['parent_id'])];
  return {
    ...{ id, wireId: wireIdOf(wireId, id), state, worker: hostname },
    requeued: type === 'task-rejected' && state === 'QUEUED',
    name: received ? textOf(fields['name'], 255) || null : null,
    queue: queueOf(id) ?? UNTOLD_QUEUE,
    args: received ? textOf(fields['args'], MAX_TEXT) : null,
    kwargs: received ? textOf(fields['kwargs'], MAX_TEXT) : null,
    rootId: root === undefined ? null : taskIdOf(root),
    parentId: parent === undefined ? null : taskIdOf(parent),
    retries: wholeOf(fields['retries']) ?? 0,
    eta: timeOf(fields['eta']),
    expiresAt: timeOf(fields['expires']),
    result: state === 'SUCCESS' ? textOf(fields['result'], MAX_TEXT) : null,
    error: errorOf(state, fields),
  };
}

/** Two events of one task, the later one second. */
export function mergeTask(before: ObservedTask, after: ObservedTask): ObservedTask {
  // It was received for its next attempt before its last one was told to be retried.
  const over = isOver(before.state);
  const late = after.state === 'QUEUED' && before.state === 'STARTED' && !after.requeued;
  return {
    ...after,
    state: over || late ? before.state : after.state,
    requeued: after.requeued || (before.requeued && after.state === 'QUEUED'),
    result: over ? before.result : after.result,
    error: over ? before.error : after.error,
    name: after.name ?? before.name,
    args: after.args ?? before.args,
    kwargs: after.kwargs ?? before.kwargs,
    rootId: after.rootId ?? before.rootId,
    parentId: after.parentId ?? before.parentId,
    retries: Math.max(before.retries, after.retries),
    eta: after.eta ?? before.eta,
    expiresAt: after.expiresAt ?? before.expiresAt,
  };
}

const isOver = (state: TaskState): boolean => ['SUCCESS', 'FAILURE', 'REVOKED', 'EXPIRED'].includes(state);

function stateOf(type: string, { eta, expired, requeue }: CeleryEvent['fields']): TaskState | undefined {
  switch (type) {
    case 'task-received':
      return timeOf(eta) !== null ? 'SCHEDULED' : 'QUEUED';
    case 'task-started':
      return 'STARTED';
    case 'task-succeeded':
      return 'SUCCESS';
    case 'task-failed':
      return 'FAILURE';
    case 'task-retried':
      return 'RETRY';
    case 'task-revoked':
      return expired === true ? 'EXPIRED' : 'REVOKED';
    case 'task-rejected':
      return requeue === true ? 'QUEUED' : 'FAILURE';
    default:
      return undefined;
  }
}

/** `ValueError('boom')`: the class is its type, the rest its message. */
function errorOf(state: TaskState, fields: CeleryEvent['fields']): TaskErrorDocument | null {
  if (state === 'REVOKED') return { type: 'Revoked', message: 'a worker of Celery has revoked it' };
  if (state !== 'FAILURE') return null;
  const text = textOf(fields['exception'], MAX_TEXT);
  if (text === null) return { type: 'Reject', message: 'a worker of Celery has rejected it' };
  const [, type = 'Error', message = text] = /^([A-Za-z_][\w.]{0,200})\(([^]*)\)$/.exec(text) ?? [];
  const stack = textOf(fields['traceback'], MAX_TRACEBACK);
  return { type, message: message.replace(/^(['"])([^]*)\1$/, '$2'), ...(stack && { stack }) };
}

const textOf = (value: unknown, most: number): string | null =>
  typeof value === 'string' ? value.slice(0, most).replace(/[\0\p{Cs}]/gu, '') : null;

const idOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' && value.length <= 255 && !/[\0\p{Cs}]/u.test(value) ? value : undefined;

const wholeOf = (value: unknown): number | null =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_INT ? (value as number) : null;

const timeOf = (value: unknown): number | null =>
  typeof value === 'string' && value.length <= 64 ? (parseIsoTime(value) ?? null) : null;
