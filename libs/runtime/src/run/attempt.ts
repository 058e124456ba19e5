import { inputOf, type IncomingTask } from '@lovage/celery';
import { validateInput, validateOutput, type AnyContract } from '@lovage/task';
import type { HandlerBinding } from '../handler-binding.ts';
import { DEFAULT_RESULT_LIMIT, storableJson } from './storable.ts';
import { asCodeOf, type ScopedRun } from './task-scope.ts';

export type AttemptInput = Pick<IncomingTask, 'name' | 'args' | 'kwargs'>;

/**
 * Runs a handler on a task's input, checked by the contract, to a result that the contract allows, as JSON text. One of the
 * two is called, at once or later; the first call counts, since a thenable of the handler's own may settle twice. Never throws.
 */
export function attempt(
  { contract, handle }: HandlerBinding,
  task: AttemptInput,
  run: ScopedRun,
  succeeded: (result: string) => void,
  failed: (thrown: unknown) => void,
  resultLimit?: number,
): void {
  const succeed = (value: unknown): void => {
    let result: string;
    try {
      result = resultJson(contract, value, resultLimit);
    } catch (error) {
      return failed(error);
    }
    succeeded(result);
  };
  let value: unknown;
  try {
    value = asCodeOf(run, handle, validateInput(contract, inputOf(task, contract.positional)), run);
  } catch (error) {
    return failed(error);
  }
  try {
    const then = thenOf(value);
    if (then) return void then.call(value, succeed, failed);
  } catch (error) {
    return failed(error);
  }
  succeed(value);
}

/**
 * A result that the contract allows, as JSON text.
 * @param limit bytes, where the contract does not say it.
 * @throws OutputInvalidError ResultTooLarge
 */
export function resultJson(contract: AnyContract, value: unknown, limit = DEFAULT_RESULT_LIMIT): string {
  return storableJson(contract, 'output', validateOutput(contract, value), contract.options.resultLimit ?? limit);
}

/** Asked for once: it may be a getter. */
function thenOf(value: unknown): PromiseLike<unknown>['then'] | undefined {
  const then = (value as { then?: unknown } | null | undefined)?.then;
  return typeof then === 'function' ? (then as PromiseLike<unknown>['then']) : undefined;
}
