import { newId, type TaskRoutes } from '@lovage/foundation';
import type { NewTask, StoredMessage, SubmitKey, UniqueKey } from '@lovage/ports';
import { validateInput, type AnyContract, type RecordMode } from '@lovage/task';
import { SubmitOptionsError } from '../errors.ts';
import { extraJson } from './extra.ts';
import { fingerprintOf } from './fingerprint.ts';
import { inputJson } from './input-json.ts';
import { compileSubmit, type CompiledSubmit, type SubmitOptions } from './options.ts';
import { uniqueKey } from './unique-key.ts';

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
