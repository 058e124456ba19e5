import { ArgumentsError, inputOf, type IncomingTask } from '@lovage/celery';
import type { PassOnNeed, PassOnReason } from '@lovage/ports';
import { acceptInput, InputInvalidError, InputMisfitError, type AnyContract } from '@lovage/task';

/** Why a task is passed on, to whom, and what becomes of it where nobody serves it. */
export interface PassOnOrder {
  readonly reason: PassOnReason;
  /** What another worker must have to run it, beside a handler for the contract. */
  readonly need?: PassOnNeed;
  /** False: it ends at once when no live worker serves it. Default: it waits for one, as long as the worker's limits say. */
  readonly waits?: boolean;
  /** It ends as this, its message held for redrive. Default: `NotRegistered`, its message a dead letter. */
  readonly misfit?: InputMisfitError;
}

export const NOT_SERVED: PassOnOrder = { reason: 'not_served' };

/** Matches no schema: nobody said what the input was made for. */
const NOT_STATED = 'not stated';

/**
 * Brings the input of a task to the contract's version, in `task` alone: its row keeps what was sent. Where it was made for another version or
 * schema and does not fit here, the answer tells who may run it. What never fitted fails when it is run, as ever.
 */
export function acceptTask(task: IncomingTask, contract: AnyContract): PassOnOrder | undefined {
  // Nearly every task; and one that a contract of one version alone is sent without a word.
  if (task.stamp === contract.stamp || (task.stamp === null && contract.version === 1)) return undefined;
  try {
    const given = inputOf(task, contract.positional);
    const input = acceptInput(contract, given, task.stamp);
    if (input === given) return undefined;
    task.args = [];
    task.kwargs = input as Record<string, unknown>;
    task.inputJson = null;
    return undefined;
  } catch (error) {
    if (error instanceof InputMisfitError) return orderOf(error);
    if (error instanceof InputInvalidError || error instanceof ArgumentsError) return undefined;
    throw error;
  }
}

function orderOf(misfit: InputMisfitError): PassOnOrder {
  const { reason, madeFor } = misfit;
  if (reason === 'newer') return { reason: 'newer_version', need: { version: madeFor!.version }, misfit };
  return { reason: 'other_schema', need: { fingerprint: madeFor?.fingerprint ?? NOT_STATED }, waits: false, misfit };
}
