import { ArgumentsError, inputOf, type IncomingTask } from '@lovage/celery';
import { acceptInput, InputInvalidError, InputMisfitError, type AnyContract } from '@lovage/task';
import type { PassOnOrder } from '../claim/pass-on-order.ts';

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
  const { why, madeFor } = misfit;
  if (why === 'newer') return { reason: 'newer_version', need: { version: madeFor!.version }, misfit };
  return { reason: 'other_schema', need: { fingerprint: madeFor?.fingerprint ?? NOT_STATED }, waits: false, misfit };
}
