import { inputOf } from '../input.ts';
import { chordOf, isObject, type Signature } from './signature.ts';

/** Task that starts a chord: one that could not be started at once, or as a Celery program sends it. */
export const CHORD_TASK = 'celery.chord';
/** Task that starts `starmap`s, each over a part of a list. */
export const CHUNKS_TASK = 'celery.chunks';

/** The arguments of the tasks that every Celery worker has, by position. */
const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  'celery.map': ['task', 'it'],
  'celery.starmap': ['task', 'it'],
  [CHUNKS_TASK]: ['task', 'it', 'n'],
  [CHORD_TASK]: ['header', 'body', 'partial_args'],
};

/** The call of a Celery program as it is. */
export interface RawCall {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

/** The arguments of such a task by their names. @throws ArgumentsError */
export function builtinArguments(name: string, { args, kwargs }: RawCall): Record<string, unknown> {
  return inputOf({ name, args: [...args], kwargs: { ...kwargs } }, PARAMETERS[name] ?? []);
}

/** Whether what follows from the end of a task is what it is for. */
export function startsCanvas(name: string): boolean {
  return name === CHORD_TASK || name === CHUNKS_TASK;
}

/** What such a task starts, unchecked; undefined: its arguments are invalid. */
export function startedBy(name: string, given: Readonly<Record<string, unknown>>): Signature | undefined {
  if (name === CHORD_TASK) return chordOfTask(given);
  const { task, it, n } = given;
  if (name !== CHUNKS_TASK || !isObject(task)) return undefined;
  return {
    ...{ task: CHUNKS_TASK, args: [], kwargs: { task, it, n }, options: {} },
    ...{ subtask_type: 'chunks', immutable: true },
  };
}

/** The task `celery.chord` of a chord. */
export function chordTask(chord: Signature): Signature {
  return { task: CHORD_TASK, args: [], kwargs: { chord }, options: {}, subtask_type: null, immutable: true };
}

/** Of ours, or with header and body as Celery's own. */
function chordOfTask(given: Readonly<Record<string, unknown>>): Signature | undefined {
  if (isObject(given['chord'])) return given['chord'] as unknown as Signature;
  const { header, body, partial_args: args } = given;
  if (!isObject(body) || (!Array.isArray(header) && !isObject(header))) return undefined;
  const chord = chordOf(header as unknown as Signature, body as unknown as Signature, {});
  return Array.isArray(args) ? { ...chord, args } : chord;
}
