import { hasCode, toError } from './errors.ts';

export interface Isolation<T, R> {
  /** Writes some of the items, in their order. */
  readonly write: (batch: readonly T[]) => Promise<readonly R[]>;
  /** The results of an item that fails alone. May throw: then nothing more is written. */
  readonly onFaulty: (item: T, error: Error) => readonly R[] | Promise<readonly R[]>;
  /** Whether one item of the batch is at fault, so that the others may succeed. Default: an error with the code `value_refused`. */
  readonly isOfOne?: (error: unknown) => boolean;
}

const isValueRefused = (error: unknown): boolean => hasCode(error, 'value_refused');

/**
 * Writes a batch. Where one item is at fault, it writes each alone, in order, so that only that one fails.
 * @throws what `write` throws and `isOfOne` does not tell.
 */
export async function isolate<T, R>(items: readonly T[], isolation: Isolation<T, R>): Promise<readonly R[]> {
  const { write, onFaulty, isOfOne = isValueRefused } = isolation;
  try {
    return await write(items);
  } catch (error) {
    if (!isOfOne(error)) throw error;
    if (items.length === 1) return await onFaulty(items[0]!, toError(error));
  }
  const results: R[] = [];
  for (const item of items) results.push(...(await isolate([item], isolation)));
  return results;
}
