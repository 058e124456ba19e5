import { canvasRefusal, decodeTask, inputOf, rootIdOf, taskIdOf, type IncomingTask } from '@lovage/celery';
import { pathOf } from '@lovage/foundation';
import { keptPriority, type Delivery, type NewTask, type StoredMessage } from '@lovage/ports';
import {
  bigintsToJson,
  compileOptions,
  compileRetry,
  followUpsOf,
  isTag,
  MAX_TAGS,
  tagsOfInput,
  type AnyContract,
  type CompiledTaskOptions,
  type TaskExtra,
} from '@lovage/task';
import { TaskEntry } from '../entry.ts';
import type { HandlerTable } from '../handlers.ts';
import { NOT_SERVED } from '../claim/pass-on-order.ts';
import { acceptTask } from './accept.ts';
import type { Malformed } from './malformed.ts';

export type Admitted =
  { readonly ok: true; readonly entry: TaskEntry } | { readonly ok: false; readonly malformed: Malformed };

/** A task that no contract here describes ends at once, so any options do. */
const UNKNOWN_OPTIONS: CompiledTaskOptions = compileOptions();

/** Reads a delivery: a task, with its handler and the facts for its row, or something that is no task. */
export function admit(delivery: Delivery, handlers: HandlerTable): Admitted {
  const decoded = decodeTask(delivery);
  if (!decoded.ok) {
    const { code, reason, id, name } = decoded;
    return { ok: false, malformed: { delivery, code, reason, id, name } };
  }
  const { task } = decoded;
  const refusal = canvasRefusal(task);
  if (refusal) return { ok: false, malformed: { delivery, ...refusal, id: task.id, name: task.name } };
  const binding = handlers.find(task.name);
  if (task.holdsBigints) {
    const reason = settleBigints(task, binding?.contract);
    if (reason) {
      const malformed = { delivery, code: 'body_number_inexact', reason, id: task.id, name: task.name };
      return { ok: false, malformed };
    }
  }
  const facts = factsOf(task, delivery, binding?.contract);
  let options: CompiledTaskOptions;
  try {
    options = optionsOf(task, binding?.contract.options ?? UNKNOWN_OPTIONS);
  } catch (error) {
    const reason = `x-lovage-facts: ${(error as Error).message}`;
    return { ok: false, malformed: { delivery, code: 'facts_invalid', reason, id: task.id, name: task.name } };
  }
  const entry = new TaskEntry(task, facts, binding, options, delivery);
  entry.passOn = binding ? acceptTask(task, binding.contract) : NOT_SERVED;
  return { ok: true, entry };
}

/** The contract's options with what the submit has changed. @throws RangeError */
function optionsOf(task: IncomingTask, options: CompiledTaskOptions): CompiledTaskOptions {
  const retry = task.facts?.retry;
  return retry ? { ...options, retry: compileRetry(retry, options.retry) } : options;
}

function factsOf(task: IncomingTask, { queue, priority }: Delivery, contract: AnyContract | undefined): NewTask {
  const id = taskIdOf(task.id);
  const input = inputJson(task, contract?.positional);
  return {
    id,
    wireId: id === task.id ? null : task.id,
    name: task.name,
    queue,
    input,
    message: messageJson(task, input === null),
    userId: task.facts?.userId ?? null,
    parentId: task.parentId === null ? null : taskIdOf(task.parentId),
    rootId: rootIdOf(task),
    retriedFrom: task.facts?.retriedFrom ?? null,
    eta: task.eta,
    expiresAt: task.facts?.expiresAt ?? task.expiresAt,
    priority: keptPriority(priority, task.turn >= 0),
    stamp: task.stamp,
    extra: task.facts?.extra ? JSON.stringify(task.facts.extra) : extraOfForeign(task, contract),
  };
}

/** A producer that knows nothing of contracts (a Python one) leaves to us what the contract asks for. */
function extraOfForeign(task: IncomingTask, contract: AnyContract | undefined): string | null {
  if (task.turn >= 0 || !contract) return null;
  const tags = tagsOfForeign(task, contract);
  const onEnd = followUpsOf(contract.options);
  if (tags.length === 0 && !onEnd) return null;
  return JSON.stringify({ ...(tags.length > 0 && { tags }), ...(onEnd && { onEnd }) } satisfies TaskExtra);
}

function tagsOfForeign(task: IncomingTask, { options, positional }: AnyContract): string[] {
  if (options.tags.length === 0) return [];
  try {
    return tagsOfInput(options.tags, inputOf(task, positional)).filter(isTag).slice(0, MAX_TAGS);
  } catch {
    return [];
  }
}

/** The input object as JSON, or null when the arguments do not make one: then they are kept as they came. */
function inputJson(task: IncomingTask, positional: readonly string[] | undefined): string | null {
  if (task.inputJson !== null) return task.inputJson;
  if (task.args.length === 0) return JSON.stringify(task.kwargs);
  if (!positional) return null;
  try {
    return JSON.stringify(inputOf(task, positional));
  } catch {
    return null;
  }
}

/** What the columns do not tell. */
function messageJson(task: IncomingTask, withArguments: boolean): string | null {
  const rest: { -readonly [K in keyof StoredMessage]: StoredMessage[K] } = {};
  let some = false;
  const keep = <K extends keyof StoredMessage>(key: K, value: StoredMessage[K]) => {
    rest[key] = value;
    some = true;
  };
  if (task.replyTo) keep('replyTo', task.replyTo);
  if (task.correlationId !== task.id) keep('correlationId', task.correlationId);
  if (task.timeLimit[0] !== null || task.timeLimit[1] !== null) keep('timeLimit', task.timeLimit);
  if (task.facts?.retry) keep('retry', task.facts.retry);
  if (withArguments) {
    keep('args', task.args);
    keep('kwargs', task.kwargs);
  }
  if (task.extraHeaders) keep('headers', task.extraHeaders);
  if (task.shadow !== null) keep('shadow', task.shadow);
  if (task.group !== null) keep('group', task.group);
  if (task.groupIndex !== null) keep('groupIndex', task.groupIndex);
  if (task.ignoreResult) keep('ignoreResult', true);
  return some ? JSON.stringify(rest) : null;
}

/**
 * Bigints where the contract wants them become texts, as we carry them; why the task is refused where there are others: a double
 * would be another number.
 */
function settleBigints(task: IncomingTask, contract: AnyContract | undefined): string | undefined {
  if (contract) {
    try {
      task.kwargs = bigintsToJson(contract.input, inputOf(task, contract.positional)) as Record<string, unknown>;
      task.args = [];
    } catch {
      // Its arguments do not fit: the attempt will tell.
    }
  }
  const args = pathOf(task.args, isBigint);
  const at = args === undefined ? pathOf(task.kwargs, isBigint) : `.args${args}`;
  return at === undefined
    ? undefined
    : `input${at}: a whole number that no double holds exactly; send it as a text, or have the contract ask for a bigint`;
}

const isBigint = (value: unknown): boolean => typeof value === 'bigint';
