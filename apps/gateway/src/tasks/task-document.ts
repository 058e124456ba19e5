import type { SubmittedTask } from '@lovage/client';
import { withBigintsAsText } from '@lovage/foundation';
import type { ListedTask, TaskDocument } from '@lovage/http-api';
import type { ListedTask as ListedRow, TaskRow } from '@lovage/ports';
import { isTerminal, revokedData, type TaskExtra } from '@lovage/task';

/** A row as the API shows it. */
export function taskDocument(row: TaskRow): TaskDocument {
  return {
    id: row.id,
    name: row.name,
    queue: row.queue,
    priority: row.priority,
    state: row.state,
    input: row.input ?? null,
    result: row.result ?? null,
    error: errorOf(row),
    escaped: row.escaped ?? null,
    progress: row.progress ?? null,
    attempt: attemptOf(row),
    retries: row.retries,
    worker: row.worker,
    eta: isoOrNull(row.eta),
    expiresAt: isoOrNull(row.expiresAt),
    createdAt: new Date(row.createdAt).toISOString(),
    startedAt: isoOrNull(row.startedAt),
    finishedAt: isoOrNull(row.finishedAt),
    parentId: row.parentId,
    // A row that an older worker made of its message may lack it: the task is its own root.
    rootId: row.rootId ?? row.id,
    retriedFrom: row.retriedFrom,
    user: row.userId,
    tags: [...(row.extra?.tags ?? [])],
    scheduledFor: isoOrNull(row.extra?.scheduledFor ?? null),
  };
}

/** A row without its large fields, as lists and events show it. */
export function listedDocument({ omitted, ...row }: ListedRow): ListedTask {
  return { ...taskDocument(row), omitted: [...omitted] };
}

/** The row of a task just submitted here, as it stands unless somebody has run it since. */
export function submittedRow({ task, state }: SubmittedTask, input: unknown, now: number): TaskRow {
  return {
    id: task.id,
    wireId: task.wireId,
    name: task.name,
    queue: task.queue,
    state,
    generation: 0,
    retries: 0,
    suspected: 0,
    crashes: 0,
    input: withBigintsAsText(input),
    message: null,
    result: null,
    error: null,
    progress: null,
    worker: null,
    userId: task.userId,
    parentId: task.parentId,
    rootId: task.rootId,
    retriedFrom: task.retriedFrom,
    eta: task.eta,
    expiresAt: task.expiresAt,
    priority: task.priority,
    extra: task.extra ? (JSON.parse(task.extra) as TaskExtra) : null,
    cancelAt: null,
    cancelActor: null,
    cancelReason: null,
    createdAt: now,
    startedAt: null,
    finishedAt: null,
  };
}

/** Rows of older releases have other names in it; answers have those of the request. */
function errorOf({ state, error }: TaskRow): TaskDocument['error'] {
  return state === 'REVOKED' && error?.type === 'Revoked' && error.data
    ? { ...error, data: revokedData(error) }
    : error;
}

/** Of a task that waits for its next attempt: the number of the last one. */
function attemptOf(row: TaskRow): number {
  if (row.startedAt === null) return 0;
  const running = row.state === 'STARTED' || row.state === 'PROGRESS' || isTerminal(row.state);
  return running ? row.retries + 1 : row.retries;
}

const isoOrNull = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
