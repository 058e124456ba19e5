import { createHash } from 'node:crypto';
import type { UniqueKey } from '@lovage/ports';
import { valueAt, type AnyContract, type CompiledUnique } from '@lovage/task';
import { SubmitOptionsError } from '../errors.ts';

/**
 * The key of a task by its validated input. What is compared is part of it, so that tasks compared by different fields never
 * meet. A hash: keys are of one length, and tell nothing of the input.
 * @throws SubmitOptionsError the contract's function failed, or what is compared is no JSON.
 */
export function uniqueKey(contract: AnyContract, input: unknown, unique: CompiledUnique): UniqueKey {
  const { periodMs, states, onConflict } = unique;
  const text = canonical(compared(input, unique.by));
  const hash = createHash('sha256').update(text).digest('base64url');
  return { key: `${contract.name}:${hash}`, periodMs, states, onConflict };
}

function compared(input: unknown, by: CompiledUnique['by']): unknown {
  if (by === undefined) return ['input', comparable(input)];
  if (typeof by === 'function') return ['function', comparable(answerOf(by, input))];
  return ['fields', by.map((path) => [path, comparable(valueAt(input, path) ?? null)])];
}

function answerOf(by: (input: unknown) => unknown, input: unknown): unknown {
  let answer: unknown;
  try {
    answer = by(input);
  } catch (error) {
    throw new SubmitOptionsError('unique.by', `the contract's function threw: ${String(error)}`, { cause: error });
  }
  if (answer === undefined) throw new SubmitOptionsError('unique.by', "the contract's function answered undefined");
  return answer;
}

/** JSON leaves out, or makes alike, what is not JSON: two different tasks would count as one. Schemas may transform into such. */
function comparable(value: unknown): unknown {
  switch (typeof value) {
    case 'bigint':
      return { bigint: String(value) };
    case 'function':
    case 'symbol':
      return refuse(typeof value);
    case 'object':
      if (value === null || value instanceof Date) return value;
      if (Array.isArray(value)) return value.map((item) => comparable(item) ?? null);
      if (!isPlain(value)) return refuse(`a ${value.constructor.name}`);
      return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, comparable(member)]));
    default:
      return value;
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  // Plain objects of another realm (a VM, as under Jest) have another `Object`.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function refuse(what: string): never {
  throw new SubmitOptionsError('unique.by', `compares ${what}, which is no JSON; compare other fields`);
}

/** Hash of a JSON value that does not depend on the order of object keys. */
export function fingerprintOf(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('base64url');
}

/** JSON text with the keys of each object sorted; what JSON leaves out is left out. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member === 'bigint') return `${member}n`;
    if (member === null || typeof member !== 'object' || Array.isArray(member)) return member;
    const record = member as Record<string, unknown>;
    // Null prototype: a key named __proto__ must stay a key.
    const sorted = Object.create(null) as Record<string, unknown>;
    for (const key of Object.keys(record).sort()) sorted[key] = record[key];
    return sorted;
  });
}
