import { isUtf8 } from 'node:buffer';
import { errorDetails, mayChangeNumbers, parseExactJson, stackWithCauses, withBigintsAsText } from '@lovage/foundation';
import { TASK_STATES, type TaskErrorDocument, type TaskState } from '@lovage/task';
import { MAX_BODY_BYTES } from './body.ts';
import { errorOf, wireException } from './exception.ts';
import { plain } from './plain-json.ts';
import { celeryState, stateOf } from './state.ts';

/** A state of a task, on its way to callers that wait. */
export interface TaskResult {
  /** The id on the wire. */
  taskId: string;
  /** Celery's word, of {@link celeryState}; left out it is made from `state`. */
  status?: string;
  /** What the handler returned; for `PROGRESS` what it reported. Left out (or null) for an error, the exception is made from `error`. */
  result?: unknown;
  /** JSON text of `result`, when it is at hand: saves making it again. */
  resultJson?: string | null;
  /** Default: the error's stack, and those of its causes. */
  traceback?: string | null;
  state?: TaskState;
  error?: TaskErrorDocument;
  /** JSON text of what followed from it, in Celery's form. Default `[]`. */
  childrenJson?: string | undefined;
}

/** A result as received, from us or from a Celery worker. */
export interface IncomingResult {
  taskId: string;
  /** Celery's word, as it came. */
  status: string;
  state: TaskState;
  result: unknown;
  traceback: string | null;
  /** Set when the state is one of failure (also `RETRY`: the error of the attempt). */
  error: TaskErrorDocument | undefined;
  /** Celery's children, kept as they came. */
  children: unknown[];
}

const WITH_ERROR: ReadonlySet<string> = new Set(['FAILURE', 'REVOKED', 'RETRY']);
const OURS: ReadonlySet<unknown> = new Set(TASK_STATES);

/**
 * The body of a result message: Celery's, plus a key `lovage` with what Celery has no word for.
 * @throws TypeError when the status is missing, or `result` is nothing that JSON can hold.
 */
export function encodeResult(given: TaskResult): Buffer {
  const { state, error } = given;
  const status = given.status ?? (state && celeryState(state));
  if (!status) throw new TypeError('a result needs a status or a state');
  const failed = WITH_ERROR.has(status);
  let result = given.resultJson ?? undefined;
  if (result === undefined && given.result != null) result = JSON.stringify(given.result);
  // A failure without an exception breaks `AsyncResult.get()` of Celery.
  if (result === undefined || (failed && result === 'null'))
    result = failed ? JSON.stringify(wireException(state, error)) : 'null';
  const traceback = given.traceback ?? (failed && error ? stackWithCauses(error) : undefined) ?? null;
  const ours = state || error ? `,"lovage":${JSON.stringify({ state, error })}` : '';
  return Buffer.from(
    `{"task_id":${JSON.stringify(given.taskId)},"status":${JSON.stringify(status)},"result":${result},` +
      `"traceback":${JSON.stringify(traceback)},"children":${given.childrenJson ?? '[]'}${ours}}`,
    'utf8',
  );
}

/**
 * Reads the body of a result message; undefined when it is no result, or nested deeper than 128 levels: a caller that waits then
 * has to look at the row. Never throws. Keys that could change a prototype are left out.
 */
export function decodeResult(body: Buffer): IncomingResult | undefined {
  if (body.length > MAX_BODY_BYTES || !isUtf8(body)) return undefined;
  try {
    const text = body.toString('utf8');
    // A whole number that no double holds becomes a text of its digits.
    return read(mayChangeNumbers(text) ? withBigintsAsText(parseExactJson(text)) : JSON.parse(text));
  } catch {
    return undefined;
  }
}

function read(parsed: unknown): IncomingResult | undefined {
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
  const ours = Object.hasOwn(parsed, 'lovage');
  const meta = plain(parsed, { typed: !ours, forbidden: 'drop' }) as Record<string, unknown>;
  const { task_id: taskId, status, result = null, children } = meta;
  if (typeof taskId !== 'string' || taskId === '' || typeof status !== 'string' || status === '') return undefined;
  const traceback = typeof meta['traceback'] === 'string' ? meta['traceback'] : null;
  const extra = ours ? (meta['lovage'] as { state?: unknown; error?: unknown } | null) : null;
  const state = OURS.has(extra?.state) ? (extra!.state as TaskState) : stateOf(status);
  const failed = WITH_ERROR.has(status) || WITH_ERROR.has(celeryState(state));
  return {
    taskId,
    status,
    state,
    result: failed ? null : result,
    traceback,
    error: failed ? (documentOf(extra?.error) ?? errorOf(result, traceback)) : undefined,
    children: Array.isArray(children) ? children : [],
  };
}

function documentOf(value: unknown): TaskErrorDocument | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { type, message, data } = value as Record<string, unknown>;
  if (typeof type !== 'string' || typeof message !== 'string') return undefined;
  return { ...errorDetails(value), ...(data !== undefined && { data }) };
}
