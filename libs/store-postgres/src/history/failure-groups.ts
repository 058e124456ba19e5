import { createHash } from 'node:crypto';
import { failureText, stackFrames } from '@lovage/foundation';

/** Groups of a contract; further failures are put together by the type of their errors. */
export const MAX_GROUPS = 200;
/** Groups of a contract by type alone; what has another type then is one group. */
const MAX_TYPES = 50;
const MAX_TYPE = 200;
/** Characters of a message or a stack that are looked at. */
const MAX_TEXT = 10_000;

/** A failed task; `error`: JSON, cut off when it is long. */
export interface FailedTask {
  readonly id: string;
  readonly name: string;
  /** ms since the epoch; null: its row is gone. */
  readonly created_at: number | null;
  readonly finished_at: number;
  readonly error: string | null;
}

/** What failures of a group have in common. */
export interface GroupKey {
  readonly id: string;
  readonly contract: string;
  readonly type: string | null;
  readonly message: string | null;
  readonly stack: readonly string[];
}

/** The group of a failed task, were there any number of them. */
export function groupOf({ name, error }: Pick<FailedTask, 'name' | 'error'>): GroupKey {
  const { type, message, stack } = readError(error);
  return keyOf(name, type, failureText(message), stackFrames(stack));
}

/**
 * The group in which a failure is counted: its own while its contract has few, else that of its type, else that of all others.
 * `isKnown`: there is such a group. `groups`: how many its contract has.
 */
export function boundedGroup(key: GroupKey, groups: number, isKnown: (id: string) => boolean): GroupKey {
  if (isKnown(key.id) || groups < MAX_GROUPS) return key;
  const ofType = typeGroup(key);
  if (isKnown(ofType.id) || groups < MAX_GROUPS + MAX_TYPES) return ofType;
  return restGroup(key);
}

export const typeGroup = ({ contract, type }: GroupKey): GroupKey => keyOf(contract, type, null, []);
export const restGroup = ({ contract }: GroupKey): GroupKey => keyOf(contract, null, null, []);

function keyOf(contract: string, type: string | null, message: string | null, stack: readonly string[]): GroupKey {
  const hash = createHash('sha256')
    .update(JSON.stringify([contract, type, message, stack]))
    .digest('hex');
  // A UUID of version 8: what it is made of is our own affair.
  const id = [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    `8${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ];
  return { id: id.join('-'), contract, type, message, stack };
}

interface ErrorTexts {
  readonly type: string;
  readonly message: string;
  readonly stack: string;
}

/** The texts of an error as JSON. Of one that was cut off, those at its beginning: workers write `type` and `message` first. */
function readError(json: string | null): ErrorTexts {
  let error: Partial<Record<keyof ErrorTexts, unknown>> = {};
  try {
    error = (JSON.parse(json ?? '{}') ?? {}) as typeof error;
  } catch {
    const [, type, message] =
      /^\{\s*"type":\s*"((?:[^"\\]|\\.)*)",\s*"message":\s*"((?:[^"\\]|\\.)*)/.exec(json!) ?? [];
    error = { type, message };
  }
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  // Neither NUL nor half a character can be kept.
  const kept = (value: unknown, most: number): string =>
    text(value)
      .slice(0, most)
      .replace(/[\0\p{Cs}]/gu, '');
  return {
    type: kept(error.type, MAX_TYPE) || 'Error',
    message: kept(error.message, MAX_TEXT),
    stack: kept(error.stack, MAX_TEXT),
  };
}
