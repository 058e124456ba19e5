import type { TaskErrorDocument, TaskState } from '@lovage/task';

/** An exception as Celery writes it. Python makes the class anew when `exc_module` has it, else makes one up of that name. */
export interface WireException {
  exc_type: string;
  /** The arguments of the exception. */
  exc_message: unknown[];
  exc_module: string;
}

/** Ours, by what a Python caller would catch. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ['RangeError', 'ValueError'],
  ['ReferenceError', 'NameError'],
  ['URIError', 'ValueError'],
  ['InputInvalidError', 'TypeError'],
  ['MaxRetriesExceeded', 'MaxRetriesExceededError'],
]);

// Only names that Python really has as exceptions in these modules: naming anything else there is refused by Celery
// as an attack ("print" of builtins is callable).
const MODULES: ReadonlyMap<string, string> = new Map([
  ...[
    ...[
      'ArithmeticError',
      'AssertionError',
      'AttributeError',
      'BufferError',
      'ConnectionError',
      'EOFError',
      'Exception',
    ],
    ...[
      'FileExistsError',
      'FileNotFoundError',
      'IndexError',
      'InterruptedError',
      'KeyError',
      'LookupError',
      'MemoryError',
    ],
    ...[
      'NameError',
      'NotImplementedError',
      'OSError',
      'OverflowError',
      'PermissionError',
      'RecursionError',
      'RuntimeError',
    ],
    ...['SyntaxError', 'TimeoutError', 'TypeError', 'ValueError', 'ZeroDivisionError'],
  ].map((name) => [name, 'builtins'] as const),
  ...[
    ...[
      'ChordError',
      'Ignore',
      'ImproperlyConfigured',
      'IncompleteStream',
      'InvalidTaskError',
      'MaxRetriesExceededError',
    ],
    ...['NotRegistered', 'OperationalError', 'QueueNotFound', 'Reject', 'TaskError', 'TaskRevokedError'],
  ].map((name) => [name, 'celery.exceptions'] as const),
  ...['SoftTimeLimitExceeded', 'TimeLimitExceeded', 'WorkerLostError', 'Terminated'].map(
    (name) => [name, 'billiard.exceptions'] as const,
  ),
]);

/** How a failed, revoked or retried task's error goes to Celery clients. A declared error's data is the second argument. */
export function wireException(state: TaskState | undefined, error: TaskErrorDocument | undefined): WireException {
  if (state === 'EXPIRED')
    return { exc_type: 'TaskRevokedError', exc_message: ['expired'], exc_module: 'celery.exceptions' };
  if (state === 'REVOKED')
    return { exc_type: 'TaskRevokedError', exc_message: ['revoked'], exc_module: 'celery.exceptions' };
  const named = error?.type || 'Exception';
  const type = RENAMED.get(named) ?? named;
  const message = error?.message ?? 'the task failed';
  return {
    exc_type: type,
    exc_message: error?.data === undefined ? [message] : [message, error.data],
    exc_module: MODULES.get(type) ?? 'lovage',
  };
}

/** The error of a result by a Celery worker. Anything that is not as it should be still gives an error, never a success. */
export function errorOf(result: unknown, traceback: string | null): TaskErrorDocument {
  const given = (typeof result === 'object' && result !== null ? result : {}) as Record<string, unknown>;
  const type = typeof given['exc_type'] === 'string' && given['exc_type'] !== '' ? given['exc_type'] : 'Exception';
  const args = Array.isArray(given['exc_message']) ? (given['exc_message'] as unknown[]) : [given['exc_message']];
  const message = args
    .filter((arg) => arg !== undefined && arg !== null)
    .map((arg) => (typeof arg === 'string' ? arg : JSON.stringify(arg)))
    .join(', ');
  return traceback === null ? { type, message } : { type, message, stack: traceback };
}
