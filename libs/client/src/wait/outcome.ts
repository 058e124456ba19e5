import type { IncomingResult } from '@lovage/celery';
import type { TaskRow } from '@lovage/ports';
import {
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
export interface Outcome {
  readonly state: TerminalState;
  readonly result: unknown;
  /** Set unless `SUCCESS`; with it where the result is too large to be read. */
  readonly error: TaskErrorDocument | null;
}

/** Undefined for a reply that tells of no end. */
export function outcomeOfReply(reply: IncomingResult): Outcome | undefined {
  if (!isTerminal(reply.state)) return undefined;
  return { state: reply.state, result: reply.result, error: reply.error ?? null };
}

export function outcomeOfRow(row: TaskRow): Outcome | undefined {
  if (!isTerminal(row.state)) return undefined;
  return { state: row.state, result: row.result, error: row.error };
}

/**
 * What the handler returned.
 * @throws DeclaredError TaskFailedError TaskRevokedError TaskExpiredError
 */
export function valueOf<C extends AnyContract>(outcome: Outcome, id: string, contract: C | undefined): Output<C> {
  // With an error its result is one that cannot be read.
  if (outcome.state === 'SUCCESS' && outcome.error === null) return outcome.result as Output<C>;
  throw errorOf(outcome, id, contract);
}

function errorOf(outcome: Outcome, id: string, contract: AnyContract | undefined): Error {
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
