import { prepareForeignRow, prepareRow, type ForeignTask, type SubmitOptions } from '@lovage/client';
import { canvasRefusal, type DecodedTask } from '@lovage/celery';
import { isQueueText, type TaskRoutes } from '@lovage/foundation';
import type { InputMapping, RedriveBody } from '@lovage/http-api';
import type { NewTask, StoredMessage, WholeDeadLetter } from '@lovage/ports';
import { compileRetry, type AnyContract, type ContractRegistry, type SubmitInput } from '@lovage/task';
import { retryExtra } from '../bulk-retry/retry-extra.ts';
import { retryInput, retryForeign } from '../bulk-retry/retry-input.ts';
import { ProblemError } from '../problems/problem-error.ts';
import { inputOfMessage, isTruncated, messageOf } from './dead-letter-message.ts';

export interface DeadLetterTaskDeps {
  readonly contracts: ContractRegistry;
  readonly routes: TaskRoutes;
}

type Options = Pick<
  SubmitOptions,
  'queue' | 'priority' | 'userId' | 'retriedFrom' | 'retry' | 'timeLimit' | 'softTimeLimit' | 'tags' | 'scheduledFor'
>;
type Readable = DecodedTask & { readonly ok: true };

/** What is to be other than in the dead letter. */
export type DeadLetterEdits = RedriveBody & { readonly mapping?: InputMapping | undefined };

/**
 * The task that a dead letter becomes, under an id of its own: what its message asked for, and what was edited. An expiry of its contract
 * counts from its start.
 * @param at ms since the epoch: when it is to start.
 * @throws ProblemError `letter_unreadable`, `body_invalid`; InputInvalidError MappingError SubmitOptionsError
 */
export function taskOfDeadLetter(
  deadLetter: WholeDeadLetter,
  edits: DeadLetterEdits,
  { userId, at, deps }: { userId: string; at: number; deps: DeadLetterTaskDeps },
): NewTask {
  const { contracts, routes } = deps;
  const decoded = messageOf(deadLetter);
  const readable = decoded.ok && !isTruncated(deadLetter) ? decoded : undefined;
  const name = edits.name ?? deadLetter.name ?? undefined;
  if (name === undefined)
    throw unreadable(deadLetter, 'name', 'the dead letter names no task: say which contract is to run');
  const contract = contracts.find(name);
  const options: Options = {
    ...(readable && ofMessage(readable, contract)),
    userId,
    ...(deadLetter.taskId !== null && { retriedFrom: deadLetter.taskId }),
    // Celery's go up to 255.
    ...(deadLetter.priority !== null && { priority: Math.min(9, deadLetter.priority) }),
    ...queueOf(deadLetter, edits),
  };
  if (!contract) return foreign(deadLetter, edits, name, readable, options, at);
  if (readable) refuseCanvas(deadLetter, readable);
  const followed = (row: NewTask): NewTask => withCanvas(row, readable);
  // Somebody has looked at the dead letter and wants it run: a task of the same work is no reason not to.
  const again = { ...options, unique: false };
  const run = (input: unknown): NewTask =>
    followed(prepareRow(contract, input as SubmitInput<AnyContract>, again, at, routes).task);
  if (edits.input !== undefined) return run(edits.input);
  const stamp = readable?.task.stamp ?? null;
  const { input, newerStamp } = retryInput(
    contract,
    retriedInput(deadLetter, readable, contract),
    stamp,
    edits.mapping,
  );
  if (newerStamp === undefined) return run(input);
  const queue = options.queue ?? contract.options.queue;
  const newer = { name, kwargs: input as Record<string, unknown>, stamp: newerStamp };
  return followed(prepareForeignRow(newer, { ...options, queue }, at));
}

/** A worker of ours would refuse it again. @throws ProblemError `letter_unreadable` */
function refuseCanvas(deadLetter: WholeDeadLetter, { task }: Readable): void {
  // Whether chords are counted is for the worker to say.
  const refusal = canvasRefusal(task, { chords: true });
  if (refusal)
    throw unreadable(deadLetter, 'embed', `${refusal.reason}: submit ${task.name} to run it without the rest`);
}

/** Where it died, unless that was not told: then a contract says where. */
function queueOf(deadLetter: WholeDeadLetter, edits: DeadLetterEdits): Pick<Options, 'queue'> {
  if (edits.queue !== undefined) return { queue: edits.queue };
  return deadLetter.reason === 'unknown' || !isQueueText(deadLetter.queue) ? {} : { queue: deadLetter.queue };
}

/** How the message asked to be run, as far as that can be done. */
function ofMessage({ task }: Readable, contract: AnyContract | undefined): Options {
  const [hard, soft] = task.timeLimit;
  const limits = hard === null || soft === null || soft < hard ? { hard, soft } : { hard, soft: null };
  const options: Options = retryExtra(task.newTask?.extra, contract);
  if (limits.hard !== null) options.timeLimit = limits.hard;
  if (limits.soft !== null) options.softTimeLimit = limits.soft;
  try {
    if (task.newTask?.retry) {
      compileRetry(task.newTask.retry, contract?.options.retry);
      options.retry = task.newTask.retry;
    }
  } catch {
    // Of another version, perhaps; the contract's own policy stands.
  }
  return options;
}

function retriedInput(deadLetter: WholeDeadLetter, readable: Readable | undefined, contract: AnyContract): unknown {
  if (!readable) throw unreadable(deadLetter, 'input', 'its input cannot be read: give one');
  try {
    return inputOfMessage(readable, contract);
  } catch (error) {
    throw unreadable(
      deadLetter,
      'input',
      `its arguments do not fit the contract (${(error as Error).message}): give an input`,
    );
  }
}

/** Of another Celery application: its arguments are sent as they are. */
function foreign(
  deadLetter: WholeDeadLetter,
  edits: DeadLetterEdits,
  name: string,
  readable: Readable | undefined,
  options: Options,
  at: number,
): NewTask {
  const { queue } = options;
  if (queue === undefined)
    throw unreadable(deadLetter, 'queue', 'it is not known where it died: say where it is to go');
  let task: ForeignTask;
  if (edits.input !== undefined) {
    if (!isObject(edits.input))
      throw new ProblemError('body_invalid', 'input: must be an object', {
        errors: [{ path: 'input', message: 'must be an object' }],
      });
    task = { name, kwargs: edits.input };
  } else {
    if (!readable) throw unreadable(deadLetter, 'input', 'its input cannot be read: give one');
    const { args, kwargs, stamp } = readable.task;
    task = retryForeign({ name, args, kwargs, stamp }, edits.mapping);
  }
  return withCanvas(prepareForeignRow(task, { ...options, queue }, at), readable);
}

/** What a Celery program wants to run after it goes on with it. */
function withCanvas(row: NewTask, readable: Readable | undefined): NewTask {
  if (!readable || readable.task.canvas.length === 0) return row;
  const { embed, group, groupIndex } = readable.task;
  const stored = JSON.parse(row.message ?? '{}') as StoredMessage;
  // A chord counts any task that takes the place of its own.
  const place = { ...(group !== null && { group }), ...(groupIndex !== null && { groupIndex }) };
  return { ...row, message: JSON.stringify({ ...stored, embed: { ...embed }, ...place }) };
}

function unreadable(deadLetter: WholeDeadLetter, path: string, reason: string): ProblemError {
  const message =
    deadLetter.code === null || path === 'embed'
      ? reason
      : `${reason} (${deadLetter.code}: ${deadLetter.detail ?? ''})`;
  return new ProblemError('letter_unreadable', message, { errors: [{ path, message }] });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
