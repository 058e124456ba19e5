import { serialize } from 'node:v8';
import { toError } from '@lovage/foundation';
import { DeclaredError, TaskRevokedError } from '@lovage/task';
import {
  LeaseLost,
  RetryRequested,
  SnoozeRequested,
  SoftTimeLimitExceeded,
  TimeLimitExceeded,
  WorkerShutdown,
} from '../run/abort-reasons.ts';
import { retryAfterMs } from '../run/retry-after.ts';
import { MemoryLimitExceeded } from './child-death.ts';

/** An error between worker and child: structured clone would drop its class, name and fields. */
export interface ErrorWire {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Own fields beside these (`code`, `issues`, `retryAfter` …), as far as they can be cloned. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly cause: ErrorWire | undefined;
  /** A {@link DeclaredError}. */
  readonly declared?: { readonly type: string; readonly data: unknown };
}

/** Of one field beside the message, bytes: an HTTP client hangs whole responses on its errors. */
const MAX_FIELD = 64 * 1024;
const MAX_DEPTH = 8;

/** Told apart by class in the code that meets them; by `code` when they cross. */
const CLASSES = new Map<string, { readonly prototype: Error }>([
  ['soft_time_limit_exceeded', SoftTimeLimitExceeded],
  ['time_limit_exceeded', TimeLimitExceeded],
  ['memory_limit_exceeded', MemoryLimitExceeded],
  ['worker_shutdown', WorkerShutdown],
  ['lease_lost', LeaseLost],
  ['task_revoked', TaskRevokedError],
  ['retry_requested', RetryRequested],
  ['snooze_requested', SnoozeRequested],
]);

export function toWire(thrown: unknown, depth = 0): ErrorWire {
  const error = toError(thrown);
  const declared = error instanceof DeclaredError ? { type: error.type, data: cloneable(error.data) } : undefined;
  const fields: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(error)) {
    if (key === 'name' || key === 'message' || key === 'stack' || key === 'cause' || (declared && key === 'data'))
      continue;
    const clone = cloneable(value, MAX_FIELD);
    if (clone !== undefined) fields[key] = clone;
  }
  // The headers that tell it are mostly objects of a class, and do not cross.
  const waitMs = retryAfterMs(error, Date.now());
  if (waitMs !== undefined) fields['retryAfter'] = waitMs / 1000;
  return {
    name: String(error.name),
    message: String(error.message),
    stack: error.stack,
    fields,
    cause: error.cause === undefined || depth >= MAX_DEPTH ? undefined : toWire(error.cause, depth + 1),
    ...(declared && { declared }),
  };
}

export function fromWire({ name, message, stack, fields, cause, declared }: ErrorWire): Error {
  const error = declared ? new DeclaredError(declared.type, declared.data, message) : new Error(message);
  const known = CLASSES.get(String(fields['code']));
  if (known) Object.setPrototypeOf(error, known.prototype);
  Object.assign(error, fields);
  const hidden = { writable: true, configurable: true, enumerable: false };
  Object.defineProperty(error, 'name', { ...hidden, value: name });
  Object.defineProperty(error, 'stack', { ...hidden, value: stack });
  if (cause) Object.defineProperty(error, 'cause', { ...hidden, value: fromWire(cause) });
  return error;
}

/** The value where it can be cloned, else what JSON makes of it, else undefined. */
export function cloneable(value: unknown, maxBytes = Infinity): unknown {
  try {
    return serialize(value).length > maxBytes ? undefined : value;
  } catch {
    try {
      const json = JSON.stringify(value);
      return json === undefined || json.length > maxBytes ? undefined : (JSON.parse(json) as unknown);
    } catch {
      return undefined;
    }
  }
}
