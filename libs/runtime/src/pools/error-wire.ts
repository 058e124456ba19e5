import { errorDetails, fieldOf, plainOf, type ErrorDetails } from '@lovage/foundation';
import { TaskRevokedError } from '@lovage/task';
import { LeaseLost, SoftTimeLimitExceeded, TimeLimitExceeded, WorkerShutdown } from '../run/abort-reasons.ts';
import { MemoryLimitExceeded } from './child-death.ts';

/**
 * An error between worker and child: structured clone would drop its class, name and fields. What a handler threw does not travel
 * so: it is read in the child (`readFailure`).
 */
export interface ErrorWire extends ErrorDetails {
  /** Own fields beside these (`issues`, `taskId` …), as plain values within bounds. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Own fields of an error that cross, and the characters of each. */
const MAX_FIELDS = 32;
const MAX_FIELD = 16 * 1024;
const APART: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'cause', 'errors', '__proto__']);

/** Told apart by class in the code that meets them; by `code` when they cross. */
const CLASSES = new Map<unknown, { readonly prototype: Error }>([
  ['soft_time_limit_exceeded', SoftTimeLimitExceeded],
  ['time_limit_exceeded', TimeLimitExceeded],
  ['memory_limit_exceeded', MemoryLimitExceeded],
  ['worker_shutdown', WorkerShutdown],
  ['lease_lost', LeaseLost],
  ['task_revoked', TaskRevokedError],
]);

/** Never throws. */
export function toWire(thrown: unknown): ErrorWire {
  return { ...errorDetails(thrown), fields: ownFields(thrown) };
}

/** Never throws, whatever the other side sent. */
export function fromWire(wire: unknown): Error {
  const newTask = errorDetails(wire);
  const error = errorOf(newTask);
  const known = CLASSES.get(newTask.code);
  if (known) Object.setPrototypeOf(error, known.prototype);
  const fields = fieldOf(wire, 'fields');
  for (const [key, value] of Object.entries(ownFields(fields))) Object.defineProperty(error, key, { ...SHOWN, value });
  if (newTask.code !== undefined) Object.defineProperty(error, 'code', { ...SHOWN, value: newTask.code });
  return error;
}

const SHOWN = { writable: true, configurable: true, enumerable: true };
const HIDDEN = { ...SHOWN, enumerable: false };

/** With the causes, as errors. */
function errorOf({ type, message, stack, code, cause, errors }: ErrorDetails): Error {
  const error = new Error(message);
  Object.defineProperty(error, 'name', { ...HIDDEN, value: type });
  Object.defineProperty(error, 'stack', { ...HIDDEN, value: stack });
  if (code !== undefined) Object.defineProperty(error, 'code', { ...SHOWN, value: code });
  if (cause) Object.defineProperty(error, 'cause', { ...HIDDEN, value: errorOf(cause) });
  if (errors) Object.defineProperty(error, 'errors', { ...HIDDEN, value: errors.map(errorOf) });
  return error;
}

function ownFields(of: unknown): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  if (typeof of !== 'object' || of === null) return fields;
  try {
    let left = MAX_FIELDS;
    for (const key in of) {
      if (APART.has(key) || !Object.hasOwn(of, key)) continue;
      if ((left -= 1) < 0) break;
      const value = plainOf(fieldOf(of, key), { maxChars: MAX_FIELD });
      if (value !== undefined) fields[key] = value;
    }
  } catch {
    // A Proxy that tells no keys: what was read stands.
  }
  return fields;
}
