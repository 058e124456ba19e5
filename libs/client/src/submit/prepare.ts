import {
  boundedJson,
  fieldOf,
  JsonTooLargeError,
  newId,
  NotJsonError,
  textOf,
  type TaskRoutes,
} from '@lovage/foundation';
import type { NewTask, StoredMessage, SubmitKey, UniqueKey } from '@lovage/ports';
import {
  bigintsToJson,
  followUpsOf,
  InputInvalidError,
  isTag,
  MAX_TAGS,
  TAG_RULE,
  tagsOfInput,
  validateInput,
  type AnyContract,
  type RecordMode,
  type TaskExtra,
} from '@lovage/task';
import { SubmitOptionsError } from '../errors.ts';
import { fingerprintOf, uniqueKey } from './keys.ts';
import { compileSubmit, type CompiledSubmit, type SubmitOptions } from './options.ts';

/** How long an idempotency key holds, ms. */
const KEY_TTL_MS = 24 * 3600 * 1000;
/** A task ready to be sent. */
export interface PreparedTask {
  readonly row: NewTask;
  readonly stored: StoredMessage;
  readonly record: RecordMode;
  /** 0: now. */
  readonly delayMs: number;
  readonly key: SubmitKey | undefined;
  readonly unique: UniqueKey | undefined;
}

/** A task of another Celery application: its contract is not known here. */
export interface ForeignTask {
  readonly name: string;
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  /** What its input was made for, where that is known: see libs/task, `Stamp`. */
  readonly stamp?: string | null;
}

/** What a task is made of beside contract, input and options. */
export interface Sending {
  /** ms since the epoch. */
  readonly now: number;
  readonly replyTo: string | undefined;
  /** The queue of the broker's dead letters; undefined where the broker is not known. */
  readonly closedQueue?: string;
}

const NO_OPTIONS: CompiledSubmit = compileSubmit({}, 0);

/**
 * Checks input and options and makes the task. The input is sent as it was given: the worker validates it again, and a schema
 * that transforms must not do so twice. Its queue: the option's, else that of the first route that fits, else the contract's.
 * @throws InputInvalidError SubmitOptionsError
 */
export function prepare(
  contract: AnyContract,
  input: unknown,
  options: SubmitOptions | undefined,
  sending: Sending & { routes: TaskRoutes },
): PreparedTask {
  const validated = validateInput(contract, input);
  const json = inputJson(contract.name, input, contract.input);
  const { expiresMs, unique, priority } = contract.options;
  const compiled =
    options === undefined && expiresMs === undefined && unique === undefined && priority === undefined
      ? NO_OPTIONS
      : compileSubmit(options ?? {}, sending.now, contract, sending.closedQueue);
  const stored: StoredMessage = {
    replyTo: sending.replyTo,
    foreign: contract.foreign,
    timeLimit: compiled.timeLimit,
    retry: compiled.retry,
  };
  const queue = compiled.queue ?? sending.routes.of(contract.name)?.queue ?? contract.options.queue;
  const task = make(
    contract.name,
    queue,
    json,
    contract.stamp,
    stored,
    compiled,
    contract.options.record,
    () => fingerprintOf({ input, options: identity(options) }),
    extraJson(contract, validated, compiled, sending.routes),
  );
  return compiled.unique ? { ...task, unique: uniqueKey(contract, validated, compiled.unique) } : task;
}

/** @throws SubmitOptionsError */
export function prepareForeign(
  task: ForeignTask,
  options: SubmitOptions & { queue: string },
  sending: Sending,
): PreparedTask {
  const { name, args = [], kwargs = {}, stamp = null } = task;
  if (typeof name !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(name))
    throw new SubmitOptionsError('name', 'must be 1 to 200 visible ASCII characters');
  const compiled = compileSubmit(options, sending.now, undefined, sending.closedQueue);
  if (compiled.queue === undefined) throw new SubmitOptionsError('queue', 'a task without a contract needs one');
  const positional = args.length > 0;
  const json = positional ? null : inputJson(name, kwargs);
  if (positional) inputJson(name, { args, kwargs });
  const stored: StoredMessage = {
    replyTo: sending.replyTo,
    foreign: 'celery',
    timeLimit: compiled.timeLimit,
    retry: compiled.retry,
    ...(positional && { args, kwargs }),
  };
  return make(
    name,
    compiled.queue,
    json,
    stamp,
    stored,
    compiled,
    'full',
    () => fingerprintOf({ args, kwargs, options: identity(options) }),
    extraJson(undefined, undefined, compiled),
  );
}

function make(
  name: string,
  queue: string,
  input: string | null,
  stamp: string | null,
  stored: StoredMessage,
  options: CompiledSubmit,
  record: RecordMode,
  fingerprint: () => string,
  extra: string | null,
): PreparedTask {
  const id = newId();
  const { key, userId, parentId } = options;
  return {
    row: {
      id,
      wireId: null,
      name,
      queue,
      input,
      message: storedJson(stored),
      userId,
      parentId,
      rootId: options.rootId ?? parentId ?? id,
      retriedFrom: options.retriedFrom,
      eta: options.eta,
      expiresAt: options.expiresAt,
      priority: options.priority ?? null,
      stamp,
      extra,
    },
    stored,
    record,
    delayMs: options.delayMs,
    unique: undefined,
    key:
      key === undefined
        ? undefined
        : { scope: `${userId ?? '-'}:${name}`, key, ttlMs: KEY_TTL_MS, fingerprint: fingerprint() },
  };
}

function storedJson(stored: StoredMessage): string | null {
  const json = JSON.stringify(stored);
  return json === '{}' ? null : json;
}

/** The options that make a submit another one. As given, not as compiled: a time from now on would never be the same twice. */
function identity(options: SubmitOptions | undefined): unknown {
  return { ...options, idempotencyKey: undefined, awaitReply: undefined, userId: undefined };
}

/**
 * What a task has that only some have, as JSON text; null: nothing.
 * @param contract undefined: it is not known.
 * @throws SubmitOptionsError the tags of contract and submit are too many, or a field of the input makes no tag.
 */
function extraJson(
  contract: AnyContract | undefined,
  input: unknown,
  { tags: given, scheduledFor }: CompiledSubmit,
  routes?: TaskRoutes,
): string | null {
  const paths = contract?.options.tags ?? [];
  const onEnd = contract && followUpsOf(contract.options, (name) => routes?.of(name)?.queue);
  if (given.length === 0 && scheduledFor === undefined && paths.length === 0 && !onEnd) return null;
  const taken = tagsOfInput(paths, input);
  const wrong = taken.find((tag: unknown) => !isTag(tag));
  if (wrong !== undefined)
    throw new SubmitOptionsError(
      'tags',
      `the field ${wrong.slice(0, wrong.indexOf(':'))} of the input is a tag by the contract, and ${JSON.stringify(wrong.slice(0, 40))}… is not ${TAG_RULE}`,
    );
  const tags = [...new Set([...taken, ...given])];
  if (tags.length > MAX_TAGS)
    throw new SubmitOptionsError(
      'tags',
      `a task has at most ${MAX_TAGS}, those that its contract takes from the input included`,
    );
  const extra: TaskExtra = {
    ...(tags.length > 0 && { tags }),
    ...(scheduledFor !== undefined && { scheduledFor }),
    ...(onEnd && { onEnd }),
  };
  return Object.keys(extra).length === 0 ? null : JSON.stringify(extra);
}

/** Longest JSON text of an input, in UTF-16 units. Workers refuse bodies from 16 MiB on, and a unit is at most 3 bytes. */
const MAX_LENGTH = 4 * 1024 * 1024;
const TOO_LONG = `is longer than ${MAX_LENGTH} characters of JSON; send a reference to it instead`;
/** Deepest nesting of an input; workers refuse what is deeper. */
const MAX_DEPTH = 64;

/**
 * The JSON text of an input, made once. Refuses what a worker would not take: it would go to the dead letters there, and its
 * caller would wait.
 * @param schema of the contract, where it is known.
 * @throws InputInvalidError naming what JSON cannot carry as it is.
 */
export function inputJson(contract: string, input: unknown, schema?: AnyContract['input']): string {
  const refuse = (path: string, message: string): never => {
    throw new InputInvalidError(contract, [{ path, message }]);
  };
  inspect(input, 'input', 1, refuse);
  let json: string;
  try {
    json = written(input, schema);
  } catch (error) {
    if (error instanceof NotJsonError) return refuse(`input${error.path}`, error.message);
    if (error instanceof JsonTooLargeError) return refuse('input', TOO_LONG);
    return refuse('input', `is no JSON: ${textOf(fieldOf(error, 'message') ?? error)}`);
  }
  if (json.length > MAX_LENGTH) refuse('input', TOO_LONG);
  return json;
}

/** Bigints where the schema wants them travel as texts; no other input is looked through for them. */
function written(input: unknown, schema: AnyContract['input'] | undefined): string {
  try {
    return boundedJson(input, 3 * MAX_LENGTH);
  } catch (error) {
    if (!(error instanceof NotJsonError) || !schema) throw error;
    return boundedJson(bigintsToJson(schema, input), 3 * MAX_LENGTH);
  }
}

function inspect(value: unknown, path: string, depth: number, refuse: (path: string, message: string) => never): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > MAX_DEPTH) refuse(path.slice(0, 200), `is nested deeper than ${MAX_DEPTH}`);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i += 1)
      if (typeof value[i] === 'object') inspect(value[i], `${path}.${i}`, depth + 1, refuse);
    return;
  }
  for (const key of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[key];
    if (key === '__proto__' || (key === 'constructor' && hasPrototype(member)))
      refuse(`${path}.${key}`, 'is a name that is not allowed');
    if (typeof member === 'object') inspect(member, `${path}.${key}`, depth + 1, refuse);
  }
}

function hasPrototype(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype');
}
