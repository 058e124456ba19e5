import { errorDetails, fieldOf, isA, plainOf } from '@lovage/foundation';
import {
  DeclaredError,
  OutputInvalidError,
  ResultTooLarge,
  type AnyContract,
  type TaskErrorDocument,
} from '@lovage/task';
import { WorkerChildDied } from '../pools/child-death.ts';
import { IgnoreRequested, RejectRequested, RetryRequested, SnoozeRequested } from './abort-reasons.ts';
import { retryAfterMs } from './retry-after.ts';
import { storableJson } from './storable.ts';

const ASKS = ['retry', 'snooze', 'end'] as const;

/**
 * What a handler threw, read once, where it ended: plain values within bounds, which JSON can always write. Nothing reads the
 * thrown value after this.
 */
export interface Failure {
  /** What is kept of it. */
  readonly document: TaskErrorDocument;
  /**
   * It was thrown by `task.retry` or `task.snooze`; `end`: by `task.reject` or `task.ignore`. `delayMs` of a retry: as the rule says when
   * it is left out.
   */
  readonly asks?: { readonly how: (typeof ASKS)[number]; readonly delayMs?: number | undefined } | undefined;
  /** It was thrown by `task.retry` without a cause: `document` tells nothing more. */
  readonly bare?: boolean | undefined;
  /** Another run would only say it again: it is not retried unless the policy lists it. */
  readonly isAnswer: boolean;
  /** It asks to wait so long. */
  readonly retryAfterMs?: number | undefined;
}

/** Errors that say something of the input or the handler that another run would only say again: not retried unless `retry.on` lists them. */
const ANSWERS: ReadonlySet<unknown> = new Set([
  'input_invalid',
  'output_invalid',
  'result_too_large',
  'arguments_invalid',
  'batch_outcome_missing',
  'not_registered',
  'step_invalid',
  'steps_unavailable',
]);

/**
 * Reads what a handler of the contract threw. Never throws.
 * @param contract undefined where the worker serves none of the task's name.
 */
export function readFailure(thrown: unknown, contract: AnyContract | undefined): Failure {
  if (isA(thrown, SnoozeRequested))
    return { document: errorDetails(thrown), asks: { how: 'snooze', delayMs: thrown.delayMs }, isAnswer: false };
  if (isA(thrown, RejectRequested)) return readEnd(thrown, 'Reject');
  if (isA(thrown, IgnoreRequested)) return readEnd(thrown, 'Ignore');
  if (isA(thrown, RetryRequested)) {
    const bare = thrown.cause === undefined || thrown.cause === null;
    return {
      ...readError(bare ? thrown : thrown.cause, contract),
      bare,
      asks: { how: 'retry', delayMs: thrown.delayMs },
    };
  }
  return readError(thrown, contract);
}

/** Where in the handler it was decided is of no interest. */
function readEnd(thrown: Error, type: string): Failure {
  return { document: { ...withoutStack(errorDetails(thrown)), type }, asks: { how: 'end' }, isAnswer: true };
}

function readError(thrown: unknown, contract: AnyContract | undefined): Failure {
  const waitMs = retryAfterMs(thrown, Date.now());
  if (isA(thrown, DeclaredError)) return { ...readDeclared(thrown, contract), retryAfterMs: waitMs };
  const newTask = errorDetails(thrown);
  // A death has no stack of its own.
  if (isA(thrown, WorkerChildDied))
    return { document: { ...withoutStack(newTask), data: thrown.data }, isAnswer: false };
  // What another contract's input was refused for, a child's of this task, is a failure like any other.
  const of = fieldOf(thrown, 'contract');
  const isAnswer = ANSWERS.has(newTask.code) && (of === undefined || of === contract?.name);
  return { document: newTask, isAnswer, retryAfterMs: waitMs };
}

/** A declared error is an answer, not an accident: where in the handler it was made is of no interest. */
function readDeclared(error: DeclaredError, contract: AnyContract | undefined): Failure {
  const newTask = errorDetails(error);
  const type = fieldOf(error, 'type');
  const of = fieldOf(error, 'contract');
  const declares = contract !== undefined && typeof type === 'string' && Object.hasOwn(contract.errors, type);
  if (!declares || (of !== undefined && of !== contract.name)) {
    // Of another contract: undeclared here, whatever is declared here under its name.
    const data = plainOf(fieldOf(error, 'data'));
    return { document: { ...newTask, ...(declares && { type: 'DeclaredError' }), data }, isAnswer: false };
  }
  const { code: _, ...answer } = withoutStack(newTask);
  try {
    const data: unknown = JSON.parse(storableJson(contract, 'error.data', fieldOf(error, 'data')));
    return { document: { ...answer, type, data }, isAnswer: true };
  } catch (refused) {
    const isRefusal = isA(refused, OutputInvalidError) || isA(refused, ResultTooLarge);
    return { document: { ...errorDetails(refused), cause: { ...answer, type } }, isAnswer: isRefusal };
  }
}

function withoutStack({ stack: _, ...newTask }: TaskErrorDocument): TaskErrorDocument {
  return newTask;
}

/** The failure as a child sends it to its worker. */
export interface FailureWire extends Omit<Failure, 'document'> {
  /** JSON text. */
  readonly document: string;
}

export function failureToWire({ document, ...rest }: Failure): FailureWire {
  return { ...rest, document: JSON.stringify(document) };
}

/** Reads what a child sent; anything that is no failure is one that cannot be read. */
export function failureFromWire(wire: unknown): Failure {
  const document = readDocument(fieldOf(wire, 'document'));
  const asks = fieldOf(wire, 'asks');
  const how = fieldOf(asks, 'how');
  return {
    document,
    asks: isAsk(how) ? { how, delayMs: msOf(fieldOf(asks, 'delayMs')) } : undefined,
    bare: fieldOf(wire, 'bare') === true,
    isAnswer: fieldOf(wire, 'isAnswer') === true,
    retryAfterMs: msOf(fieldOf(wire, 'retryAfterMs')),
  };
}

const isAsk = (how: unknown): how is (typeof ASKS)[number] => (ASKS as readonly unknown[]).includes(how);

function readDocument(text: unknown): TaskErrorDocument {
  let document: unknown;
  try {
    document = JSON.parse(text as string);
  } catch {
    document = new TypeError('the child sent a failure that cannot be read');
  }
  const data = fieldOf(document, 'data');
  return { ...errorDetails(document), ...(data !== undefined && { data }) };
}

function msOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
