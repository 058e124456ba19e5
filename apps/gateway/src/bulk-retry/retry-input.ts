import type { ForeignTask } from '@lovage/client';
import type { InputMapping } from '@lovage/http-api';
import { acceptInput, InputMisfitError, mapInput, MappingError, type AnyContract } from '@lovage/task';

/** An input for a task that runs again. */
export interface RetryInput {
  readonly input: unknown;
  /** It is of a newer version than this gateway knows, and goes as it is, with this stamp. Undefined: of the contract's version here. */
  readonly newerStamp: string | undefined;
}

/**
 * The input of a task that is to run again: edited, or else brought from the version that it was made for to that of the contract.
 * @param stamp what it was made for; null: nobody said.
 * @throws InputInvalidError it is of another version or schema, and there is no rule. What is edited, or of today's schema, is checked by the submit.
 * @throws MappingError
 */
export function retryInput(
  contract: AnyContract,
  input: unknown,
  stamp: string | null,
  mapping: InputMapping | undefined,
): RetryInput {
  if (mapping) return { input: mapInput(input, mapping), newerStamp: undefined };
  if (stamp === null || stamp === contract.stamp || !isObject(input)) return { input, newerStamp: undefined };
  try {
    return { input: acceptInput(contract, input, stamp), newerStamp: undefined };
  } catch (error) {
    if (error instanceof InputMisfitError && error.reason === 'newer') return { input, newerStamp: stamp };
    throw error;
  }
}

/**
 * A task whose contract this gateway does not know, for a submit as it is: edited, it is of no known schema any more.
 * @throws MappingError
 */
export function retryForeign(task: ForeignTask, mapping: InputMapping | undefined): ForeignTask {
  if (!mapping) return task;
  if (task.args?.length)
    throw new MappingError(
      0,
      mapping[0]!.path,
      'the arguments of this task have no names, and no contract here knows them',
    );
  return { ...task, kwargs: mapInput(task.kwargs ?? {}, mapping) as Record<string, unknown>, stamp: null };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
