import { boundedJson, fieldOf, JsonTooLargeError, NotJsonError, textOf } from '@lovage/foundation';
import { OutputInvalidError, ResultTooLarge, type AnyContract } from '@lovage/task';

/** Largest result where neither contract nor worker says otherwise, bytes as JSON. */
export const DEFAULT_RESULT_LIMIT = 10 * 1024 ** 2;
/** Largest report of progress, and largest data of a declared error, bytes as JSON: they are written often, and shown in lists. */
const MAX_ASIDE = 64 * 1024;

/**
 * JSON text of what a handler gives: its result, its progress, the data of an error that it declares. The one place where any of
 * it becomes storable, before it joins a batch with others. A text that would exceed its bound is never built.
 * @param path what it is: `output`, `progress`, `error.data`.
 * @param maxBytes default: what progress and data may have.
 * @throws OutputInvalidError it cannot be kept as it is, and where; ResultTooLarge.
 */
export function storableJson(
  contract: AnyContract,
  path: 'output' | 'progress' | 'error.data',
  value: unknown,
  maxBytes = MAX_ASIDE,
): string {
  try {
    return boundedJson(value, maxBytes);
  } catch (error) {
    if (error instanceof JsonTooLargeError) throw new ResultTooLarge(contract.name, path, maxBytes);
    if (error instanceof NotJsonError)
      throw new OutputInvalidError(contract.name, [{ path: path + error.path, message: error.message }]);
    throw new OutputInvalidError(contract.name, [
      { path, message: `cannot be kept as JSON: ${textOf(fieldOf(error, 'message') ?? error)}` },
    ]);
  }
}
