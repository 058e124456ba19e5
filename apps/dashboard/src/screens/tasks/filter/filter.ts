import type { TaskState } from '@lovage/task';

/** A time: `15m` (so long ago; s, m, h, d, w), `2026-11-29` or `2026-11-29T09:30Z`. Without an offset: in the chosen zone. */
export type MomentText = string;

export interface Span {
  readonly from?: MomentText;
  /** The moment itself is left out. */
  readonly to?: MomentText;
}

export interface InputField {
  /** Names from the outermost field on. */
  readonly path: readonly string[];
  readonly value: string;
}

/** What a text of the filter language asks for: all of it must hold. It says what `GET /api/tasks` can filter, no more. */
export interface TaskListFilter {
  /** Any of these; empty: in whatever state. */
  readonly states: readonly TaskState[];
  /** A contract, or the beginning of names: `mail.*`. */
  readonly name?: string;
  readonly queue?: string;
  readonly worker?: string;
  /** An id in lower case, or `me`. */
  readonly user?: string;
  /** All of these. */
  readonly tags: readonly string[];
  readonly parent?: string;
  readonly root?: string;
  readonly retriedFrom?: string;
  readonly failureGroup?: string;
  /** All of these. */
  readonly fields: readonly InputField[];
  readonly created?: Span;
  readonly ended?: Span;
  /** Anywhere in the id, the name, the input or the error. */
  readonly text?: string;
}

export const NO_FILTER: TaskListFilter = { states: [], tags: [], fields: [] };

/** Keys of one value, by the field that they fill. */
export const SINGLE_KEYS = {
  name: 'name',
  queue: 'queue',
  worker: 'worker',
  user: 'user',
  parent: 'parent',
  root: 'root',
  retried: 'retriedFrom',
  group: 'failureGroup',
} as const;
export type SingleKey = keyof typeof SINGLE_KEYS;

/** Every key with what it means, as completion tells it. */
export const KEYS = {
  state: 'any of these states: state:FAILURE,DEAD',
  name: 'the contract; mail.* for all that begin so',
  queue: 'the queue',
  worker: 'the worker that runs it or ran it last',
  tag: 'it has this tag',
  input: 'a field of the input: input.user.id:17',
  created: 'when it was made: created:>1h for the last hour',
  ended: 'when it ended: ended:2h..1h',
  user: 'who submitted it: an id, or me',
  parent: 'children of a task, by its id',
  root: 'the whole family of a task',
  retried: 'tasks that run this one again',
  group: 'a group of failures, by its id',
} as const;
export type FilterKey = keyof typeof KEYS;

export type FilterErrorCode =
  | 'unknown_key'
  | 'value_missing'
  | 'path_missing'
  | 'path_invalid'
  | 'quote_open'
  | 'quote_followed'
  | 'negation'
  | 'repeated'
  | 'state_unknown'
  | 'id_invalid'
  | 'time_invalid'
  | 'time_bare'
  | 'comparison'
  | 'wildcard'
  | 'character'
  | 'too_long'
  | 'too_many';

/** What cannot be understood, and where. */
export interface FilterError {
  readonly code: FilterErrorCode;
  /** The part of the text, from the first character to behind the last. */
  readonly from: number;
  readonly to: number;
  /** What is wrong and what to write instead. */
  readonly message: string;
}

/** Longest text, as long as a saved view may be with all else that it keeps. */
export const MAX_FILTER = 2_000;
