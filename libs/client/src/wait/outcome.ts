import type { IncomingResult } from '@lovage/celery';
import type { TaskRow } from '@lovage/ports';
import {
  checkValue,
  DeclaredError,
  isTerminal,
  revokedData,
  TaskRevokedError,
  type AnyContract,
  type Output,
  type TaskErrorDocument,
  type TerminalState,
} from '@lovage/task';
import { TaskExpiredError, TaskFailedError } from '../errors.ts';

/** How a task ended. */
export interface TaskOutcome {
  readonly state: TerminalState;
  readonly result: unknown;
  /** Set unless `SUCCESS`; with it where the result is too large to be read. */
  readonly error: TaskErrorDocument | null;
}

/** Undefined for a reply that tells of no end. */
export function outcomeOfReply(reply: IncomingResult): TaskOutcome | undefined {
  if (!isTerminal(reply.state)) return undefined;
  return { state: reply.state, result: reply.result, error: reply.error ?? null };
}

export function outcomeOfRow(row: TaskRow): TaskOutcome | undefined {
  if (!isTerminal(row.state)) return undefined;
  return { state: row.state, result: row.result, error: row.error };
}

/**
 * What the handler returned.
 * @throws DeclaredError TaskFailedError TaskRevokedError TaskExpiredError
 */
export function valueOf<C extends AnyContract>(outcome: TaskOutcome, id: string, contract: C | undefined): Output<C> {
  // With an error its result is one that cannot be read.
  if (outcome.state === 'SUCCESS' && outcome.error === null)
    return contract?.foreign === undefined ? (outcome.result as Output<C>) : checked(outcome.result, id, contract);
  throw errorOf(outcome, id, contract);
}

/** What a foreign worker returned: nobody has held it against the contract yet. */
function checked<C extends AnyContract>(result: unknown, id: string, contract: C): Output<C> {
  const found = checkValue(contract.output, 'result', result);
  if (!found.issues) return found.value as Output<C>;
  const { issues } = found;
  const message = `the worker's result does not fit ${contract.name}: ${issues.map(({ path, message }) => `${path}: ${message}`).join('; ')}`;
  throw new TaskFailedError(id, { type: 'OutputInvalidError', message: message.slice(0, 2000) }, 'FAILURE');
}

function errorOf(outcome: TaskOutcome, id: string, contract: AnyContract | undefined): Error {
  const { state, error } = outcome;
  if (state === 'EXPIRED') return new TaskExpiredError(id);
  if (state === 'REVOKED') {
    const { reason, actor } = revokedData(error);
    return new TaskRevokedError(id, reason, actor);
  }
  const document = error ?? { type: 'Error', message: 'the worker told no error' };
  return declared(document, contract) ?? new TaskFailedError(id, document, state === 'DEAD' ? 'DEAD' : 'FAILURE');
}

/** A declared error made again, if the contract here declares it so; another version of it may not. */
function declared(document: TaskErrorDocument, contract: AnyContract | undefined): DeclaredError | undefined {
  if (!contract || !Object.hasOwn(contract.errors, document.type)) return undefined;
  const parsed = contract.errors[document.type].safeParse(document.data);
  return parsed.success ? new DeclaredError(document.type, parsed.data, document.message, contract.name) : undefined;
}
