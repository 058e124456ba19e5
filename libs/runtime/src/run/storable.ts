import { fieldOf, textOf } from '@lovage/foundation';
import { OutputInvalidError, type AnyContract } from '@lovage/task';

/**
 * JSON text of what a handler gives: its result, its progress, the data of an error that it declares. The one place where any of
 * it becomes storable, before it joins a batch with others.
 * @param path what it is: `output`, `progress`, `error.data`.
 * @throws OutputInvalidError it cannot be kept.
 */
export function storableJson(contract: AnyContract, path: string, value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch (error) {
    throw new OutputInvalidError(contract.name, [
      { path, message: `cannot be kept as JSON: ${textOf(fieldOf(error, 'message') ?? error)}` },
    ]);
  }
}
