import { inputOf, type IncomingTask } from '@lovage/celery';
import { OutputInvalidError, validateInput, validateOutput, type AnyContract, type TaskContext } from '@lovage/task';
import type { HandlerBinding } from '../handler-binding.ts';

export type AttemptInput = Pick<IncomingTask, 'name' | 'args' | 'kwargs'>;

/**
 * Runs a handler on a task's input, checked by the contract, to a result that the contract allows, as JSON text. One of the
 * two is called, once, at once or later.
 */
export function attempt(
  { contract, handle }: HandlerBinding,
  task: AttemptInput,
  context: TaskContext,
  succeeded: (result: string) => void,
  failed: (thrown: unknown) => void,
): void {
  const succeed = (value: unknown): void => {
    let result: string;
    try {
      result = resultJson(contract, value);
    } catch (error) {
      return failed(error);
    }
    succeeded(result);
  };
  let value: unknown;
  try {
    value = handle(validateInput(contract, inputOf(task, contract.positional)), context);
  } catch (error) {
    return failed(error);
  }
  if (isThenable(value)) value.then(succeed, failed);
  else succeed(value);
}

/** A result that the contract allows, as JSON text. @throws OutputInvalidError */
export function resultJson(contract: AnyContract, value: unknown): string {
  const valid = validateOutput(contract, value);
  try {
    return JSON.stringify(valid) ?? 'null';
  } catch (error) {
    throw new OutputInvalidError(contract.name, [
      { path: 'output', message: `cannot be kept as JSON: ${(error as Error).message}` },
    ]);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
