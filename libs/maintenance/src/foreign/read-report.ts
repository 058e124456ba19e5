import { decodeResult, taskIdOf } from '@lovage/celery';
import type { Delivery, ForeignReport } from '@lovage/ports';

/** Longest name of a worker that is kept, characters. */
const WORKER_NAME = 200;
/** Where a result tells its status, bytes: Celery writes it before the value. */
const HEAD_BYTES = 1024;

/** Undefined: nothing tells which task it is of. */
export function reportOf(delivery: Pick<Delivery, 'body' | 'correlationId'>): ForeignReport | undefined {
  const result = decodeResult(delivery.body);
  if (!result) return unreadable(delivery);
  const { taskId, state, result: value, error } = result;
  const told = state === 'STARTED' && typeof value === 'object' && value !== null ? value : {};
  const { hostname } = told as { hostname?: unknown };
  return {
    taskId: taskIdOf(taskId),
    // Celery has one word for both; what expired says so.
    state: state === 'REVOKED' && error?.message === 'expired' ? 'EXPIRED' : state,
    value: state === 'SUCCESS' || state === 'PROGRESS' ? JSON.stringify(value ?? null) : null,
    error: error ?? null,
    worker: typeof hostname === 'string' && !hostname.includes('\0') ? hostname.slice(0, WORKER_NAME) : null,
  };
}

const ENDED_WELL = /"status": ?"SUCCESS"/;

/** Python writes NaN and Infinity, which JSON does not have: the task has ended, and its result can be kept in no form. */
function unreadable({ body, correlationId }: Pick<Delivery, 'body' | 'correlationId'>): ForeignReport | undefined {
  if (!correlationId || !ENDED_WELL.test(body.subarray(0, HEAD_BYTES).toString('latin1'))) return undefined;
  const message =
    'its worker sent a result that is not JSON, such as NaN or Infinity, or is too large or nested too deep: return values that JSON has';
  const error = { type: 'ResultUnreadable', message };
  return { taskId: taskIdOf(correlationId), state: 'FAILURE', value: null, error, worker: null };
}
