import { validateInput, valueAt, type AnyContract, type LimitKeyValue, type SubmitInput } from '@lovage/task';

/** By what the limits of a contract count a task: undefined without such a limit, null when all tasks count together. */
export interface LimitKeys {
  readonly concurrency: LimitKeyValue | null | undefined;
  readonly rate: LimitKeyValue | null | undefined;
}

/** By what the limits of the contract count a task of this input. @throws InputInvalidError, or what the key's function throws */
export function limitKeys<C extends AnyContract>(contract: C, input: SubmitInput<C>): LimitKeys {
  const valid: unknown = validateInput(contract, input);
  const { concurrency, rateLimit } = contract.options;
  const keyOf = (limit: { readonly key: ((input: unknown) => LimitKeyValue) | undefined } | undefined) =>
    limit && (limit.key ? limit.key(valid) : null);
  return { concurrency: keyOf(concurrency), rate: keyOf(rateLimit) };
}

/**
 * What the contract's `unique` compares of this input: two tasks are the same work when it is equal. Undefined: its tasks need not
 * be unique. @throws InputInvalidError, or what the contract's function throws
 */
export function uniqueValue<C extends AnyContract>(contract: C, input: SubmitInput<C>): unknown {
  const { unique } = contract.options;
  if (!unique) return undefined;
  const valid: unknown = validateInput(contract, input);
  const { by } = unique;
  if (by === undefined) return valid;
  if (typeof by === 'function') return by(valid);
  return Object.fromEntries(by.map((path) => [path, valueAt(valid, path) ?? null]));
}
