import { canvasRefusal, decodeTask, inputOf, rowOf, type IncomingTask } from '@lovage/celery';
import { pathOf } from '@lovage/foundation';
import { keptPriority, type Delivery, type NewTask, type TaskCanvas } from '@lovage/ports';
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
import { mappedTask } from '../canvas/builtin-tasks.ts';
import { TaskEntry } from '../entry.ts';
import type { HandlerTable } from '../handlers.ts';
import { acceptTask, NOT_SERVED } from './accept.ts';
import type { Malformed } from './malformed.ts';

export type Admitted =
  { readonly ok: true; readonly entry: TaskEntry } | { readonly ok: false; readonly malformed: Malformed };

/** A task that no contract here describes ends at once, so any options do. */
const UNKNOWN_OPTIONS: CompiledTaskOptions = compileOptions();

/**
 * Reads a delivery: a task, with its handler and what its row is made of, or something that is no task.
 * @param canvas runs what follows a task; without it a message that asks for that is refused
 */
export function admit(delivery: Delivery, handlers: HandlerTable, canvas?: Pick<TaskCanvas, 'chords'>): Admitted {
  const decoded = decodeTask(delivery);
  if (!decoded.ok) {
    const { code, reason, id, name } = decoded;
    return { ok: false, malformed: { delivery, code, reason, id, name } };
  }
  const { task } = decoded;
  const refusal = canvasRefusal(task, canvas);
  if (refusal) return { ok: false, malformed: { delivery, ...refusal, id: task.id, name: task.name } };
  const binding = handlers.find(task.name);
  if (binding?.contract.rawArguments) takeRaw(task);
  if (task.holdsBigints) {
    const reason = settleBigints(task, binding?.contract);
    if (reason) {
      const malformed = { delivery, code: 'body_number_inexact', reason, id: task.id, name: task.name };
      return { ok: false, malformed };
    }
  }
  const newTask = newTaskOf(task, delivery, binding?.contract);
  let options: CompiledTaskOptions;
  try {
    options = optionsOf(task, handlers, binding?.contract.options ?? UNKNOWN_OPTIONS);
  } catch (error) {
    const reason = `x-lovage-task: ${(error as Error).message}`;
    return { ok: false, malformed: { delivery, code: 'new_task_invalid', reason, id: task.id, name: task.name } };
  }
  const passOn = binding ? acceptTask(task, binding.contract) : NOT_SERVED;
  return { ok: true, entry: new TaskEntry(task, newTask, binding, options, delivery, passOn) };
}

/** The whole call becomes the input, as Python's `*args, **kwargs`. A message of ours without arguments by position has the input already. */
function takeRaw(task: IncomingTask): void {
  if (task.generation >= 0 && task.args.length === 0 && isCall(task.kwargs)) return;
  task.kwargs = { args: task.args, kwargs: task.kwargs };
  task.args = [];
  task.inputJson = null;
}

/** What {@link takeRaw} makes. */
function isCall(kwargs: Readonly<Record<string, unknown>>): boolean {
  const { args, kwargs: named } = kwargs;
  return Array.isArray(args) && typeof named === 'object' && named !== null && Object.keys(kwargs).length === 2;
}

/** The contract's options with what the submit has changed. @throws RangeError */
function optionsOf(task: IncomingTask, handlers: HandlerTable, options: CompiledTaskOptions): CompiledTaskOptions {
  const retry = task.newTask?.retry;
  const changed = retry ? { ...options, retry: compileRetry(retry, options.retry) } : options;
  const mapped = mappedTask(task.name, task.kwargs);
  if (mapped !== undefined) return { ...changed, pool: handlers.find(mapped)?.contract.options.pool };
  // What follows an end is written in the transaction of that end, which takes a claim.
  return task.canvas.length > 0 && changed.record !== 'full' ? { ...changed, record: 'full' } : changed;
}

function newTaskOf(task: IncomingTask, { queue, priority }: Delivery, contract: AnyContract | undefined): NewTask {
  return rowOf(task, {
    queue,
    input: inputJson(task, contract?.positional),
    priority: keptPriority(priority, task.generation >= 0),
    extra: extraOfForeign(task, contract),
  });
}

/** A producer that knows nothing of contracts (a Python one) leaves to us what the contract asks for. */
function extraOfForeign(task: IncomingTask, contract: AnyContract | undefined): string | null {
  if (task.generation >= 0 || !contract) return null;
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
