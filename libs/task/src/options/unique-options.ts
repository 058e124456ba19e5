import { durationMs, type Duration } from '@lovage/foundation';
import type { z } from 'zod';
import { TASK_STATES, TERMINAL_STATES, type TaskState } from '../states.ts';
import { oneOf, optionalMs, refuseUnknown, shown } from './checks.ts';
import { checkFieldPath, type FieldPath } from './field-path.ts';

/**
 * What a submit comes to when another task conflicts.
 * - `existing` (default): the other task is the answer; nothing new is made.
 * - `replace`: if the other one waits, it ends `REVOKED`, "replaced by …", and the new one takes its place, in one commit. One
 *   that runs, or has ended, is not replaced: it is the answer, as with `existing`.
 * - `reject`: the submit fails with `task_not_unique`.
 */
export const UNIQUE_CONFLICTS = ['existing', 'replace', 'reject'] as const;
export type UniqueConflict = (typeof UNIQUE_CONFLICTS)[number];

/** When two tasks of a contract are the same work. As one submit may state it: plain JSON. */
export interface SubmitUnique<P extends string = string> {
  /**
   * Compares these fields of the validated input, by path: `['tenant', 'user.id']`. A field that is not there counts as null.
   * Default: the whole input. Tasks compared by something else are never in each other's way.
   */
  by?: readonly P[];
  /** Only a task submitted less than this long ago conflicts. At most ten years. Default: however old. */
  period?: Duration;
  /**
   * In which of these states another task conflicts. Default: all that are not terminal. `PENDING`, `SCHEDULED` and
   * `QUEUED` must be among them; `STARTED` and `PROGRESS` come together. Without those two, one task may wait while one runs;
   * with `SUCCESS`, what is done is not done again within `period`.
   */
  states?: readonly TaskState[];
  /** Default `existing`. */
  onConflict?: UniqueConflict;
}

/** The same as a contract states it. For any input (`unknown`) no field can be named: then it fits every contract. */
export interface UniqueOptions<I = unknown> extends Omit<SubmitUnique, 'by'> {
  /**
   * As that of {@link SubmitUnique}; or a pure function of the validated input, whose answer is compared as JSON:
   * `(input) => input.url.toLowerCase()`.
   */
  by?: readonly FieldPath<I>[] | ((input: I) => unknown);
}

export interface CompiledUnique {
  /** Undefined: the whole input. Paths are sorted. */
  readonly by: readonly string[] | ((input: unknown) => unknown) | undefined;
  readonly periodMs: number | undefined;
  readonly states: readonly TaskState[];
  readonly onConflict: UniqueConflict;
}

const KEYS = ['by', 'period', 'states', 'onConflict'];
const MAX_PATHS = 20;
const MAX_PATH = 200;
const MAX_PERIOD_MS = durationMs('3650d');
const LIVE = TASK_STATES.filter((state) => !(TERMINAL_STATES as readonly TaskState[]).includes(state));
/** Which of them a waiting task is in, depends on the moment: a rule that leaves one out holds by chance. */
const WAITING: readonly TaskState[] = ['PENDING', 'SCHEDULED', 'QUEUED'];
const RUNNING: readonly TaskState[] = ['STARTED', 'PROGRESS'];

const DEFAULT: CompiledUnique = { by: undefined, periodMs: undefined, states: LIVE, onConflict: 'existing' };

/**
 * @param input schema of the contract's input: paths must lead to something in it. Undefined: it is not known.
 * @param base what is left out is as here.
 * @returns undefined: the task need not be unique.
 * @throws RangeError
 */
export function compileUnique(
  given: boolean | UniqueOptions | SubmitUnique | undefined,
  input?: z.ZodObject,
  base?: CompiledUnique,
): CompiledUnique | undefined {
  if (given === undefined) return base;
  if (given === false) return undefined;
  if (given === true) return base ?? DEFAULT;
  refuseUnknown('unique: ', 'unique option', given, KEYS, 'unique.');
  const { by, periodMs, states, onConflict } = base ?? DEFAULT;
  return {
    by: given.by === undefined ? by : compareBy(given.by, input),
    periodMs: given.period === undefined ? periodMs : period(given.period),
    states: given.states === undefined ? states : conflictingStates(given.states),
    onConflict: oneOf('unique.onConflict', given.onConflict ?? onConflict, UNIQUE_CONFLICTS),
  };
}

function compareBy(given: unknown, input: z.ZodObject | undefined): CompiledUnique['by'] {
  if (typeof given === 'function') return given as (input: unknown) => unknown;
  if (!Array.isArray(given) || given.length === 0 || given.length > MAX_PATHS)
    throw new RangeError(`unique.by: must be a list of 1 to ${MAX_PATHS} fields, such as ['tenant', 'user.id']`);
  for (const [i, path] of (given as unknown[]).entries()) {
    if (typeof path !== 'string' || path.length > MAX_PATH || !/^[^.]+(\.[^.]+)*$/.test(path))
      throw new RangeError(`unique.by.${i}: ${shown(path)} is no path of a field, such as "user.id"`);
    if (input) inField(`unique.by.${i}`, () => checkFieldPath(input, path));
  }
  return [...new Set(given as string[])].sort();
}

function inField(at: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    throw new RangeError(`${at}: ${(error as Error).message}`, { cause: error });
  }
}

function period(given: Duration): number | undefined {
  const ms = optionalMs('unique.period', given);
  if (ms !== undefined && ms > MAX_PERIOD_MS) throw new RangeError('unique.period: is longer than ten years');
  return ms;
}

function conflictingStates(given: readonly TaskState[]): readonly TaskState[] {
  if (!Array.isArray(given)) throw new RangeError(`unique.states: must be a list of states`);
  for (const [i, state] of given.entries()) oneOf(`unique.states.${i}`, state, TASK_STATES);
  const missing = WAITING.filter((state) => !given.includes(state));
  if (missing.length > 0)
    throw new RangeError(`unique.states: lacks ${missing.join(', ')}; a task that waits always conflicts`);
  if (RUNNING.some((state) => given.includes(state)) && !RUNNING.every((state) => given.includes(state)))
    throw new RangeError(
      'unique.states: must hold both STARTED and PROGRESS, or neither: a task that runs is in one of them',
    );
  return TASK_STATES.filter((state) => given.includes(state));
}
