import { prepareForeignRow, prepareRow, type ForeignTask, type SubmitOptions } from '@lovage/client';
import { canvasRefusal, type DecodedTask } from '@lovage/celery';
import { isQueueText, type TaskRoutes } from '@lovage/foundation';
import type { InputMapping, RedriveBody } from '@lovage/http-api';
import type { NewTask, StoredMessage, WholeDeadLetter } from '@lovage/ports';
import { compileRetry, type AnyContract, type ContractRegistry, type SubmitInput } from '@lovage/task';
import { extraAgain } from '../again/extra-again.ts';
import { againInput, foreignAgain } from '../again/input-again.ts';
import { ProblemError } from '../problems/problem-error.ts';
import { inputOfMessage, isTruncated, messageOf } from './letter-message.ts';

export interface LetterTaskDeps {
  readonly contracts: ContractRegistry;
  readonly routes: TaskRoutes;
}

type Options = Pick<
  SubmitOptions,
  'queue' | 'priority' | 'userId' | 'retriedFrom' | 'retry' | 'timeLimit' | 'softTimeLimit' | 'tags' | 'scheduledFor'
>;
type Readable = DecodedTask & { readonly ok: true };

/** What is to be other than in the letter. */
export type LetterEdits = RedriveBody & { readonly mapping?: InputMapping | undefined };

/**
 * The task that a letter becomes, under an id of its own: what its message asked for, and what was edited. An expiry of its contract
 * counts from its start.
 * @param at ms since the epoch: when it is to start.
 * @throws ProblemError `letter_unreadable`, `body_invalid`; InputInvalidError MappingError SubmitOptionsError
 */
export function taskOfLetter(
  letter: WholeDeadLetter,
  edits: LetterEdits,
  { userId, at, deps }: { userId: string; at: number; deps: LetterTaskDeps },
): NewTask {
  const { contracts, routes } = deps;
  const decoded = messageOf(letter);
  const readable = decoded.ok && !isTruncated(letter) ? decoded : undefined;
  const name = edits.name ?? letter.name ?? undefined;
  if (name === undefined) throw unreadable(letter, 'name', 'the letter names no task: say which contract is to run');
  const contract = contracts.find(name);
  const options: Options = {
    ...(readable && ofMessage(readable, contract)),
    userId,
    ...(letter.taskId !== null && { retriedFrom: letter.taskId }),
    // Celery's go up to 255.
    ...(letter.priority !== null && { priority: Math.min(9, letter.priority) }),
    ...queueOf(letter, edits),
  };
  if (!contract) return foreign(letter, edits, name, readable, options, at);
  if (readable) refuseCanvas(letter, readable);
  // Somebody has looked at the letter and wants it run: a task of the same work is no reason not to.
  const again = { ...options, unique: false };
  const run = (input: unknown): NewTask =>
    prepareRow(contract, input as SubmitInput<AnyContract>, again, at, routes).task;
  if (edits.input !== undefined) return run(edits.input);
  const stamp = readable?.task.stamp ?? null;
  const { input, newerStamp } = againInput(contract, inputAgain(letter, readable, contract), stamp, edits.mapping);
  if (newerStamp === undefined) return run(input);
  const queue = options.queue ?? contract.options.queue;
  return prepareForeignRow(
    { name, kwargs: input as Record<string, unknown>, stamp: newerStamp },
    { ...options, queue },
    at,
  );
}

/** A worker of ours would refuse it again. @throws ProblemError `letter_unreadable` */
function refuseCanvas(letter: WholeDeadLetter, { task }: Readable): void {
  const refusal = canvasRefusal(task);
  if (refusal) throw unreadable(letter, 'embed', `${refusal.reason}: submit ${task.name} to run it without the rest`);
}

/** Where it died, unless that was not told: then a contract says where. */
function queueOf(letter: WholeDeadLetter, edits: LetterEdits): Pick<Options, 'queue'> {
  if (edits.queue !== undefined) return { queue: edits.queue };
  return letter.reason === 'unknown' || !isQueueText(letter.queue) ? {} : { queue: letter.queue };
}

/** How the message asked to be run, as far as that can be done. */
function ofMessage({ task }: Readable, contract: AnyContract | undefined): Options {
  const [hard, soft] = task.timeLimit;
  const limits = hard === null || soft === null || soft < hard ? { hard, soft } : { hard, soft: null };
  const options: Options = extraAgain(task.facts?.extra, contract);
  if (limits.hard !== null) options.timeLimit = limits.hard;
  if (limits.soft !== null) options.softTimeLimit = limits.soft;
  try {
    if (task.facts?.retry) {
      compileRetry(task.facts.retry, contract?.options.retry);
      options.retry = task.facts.retry;
    }
  } catch {
    // Of another version, perhaps; the contract's own policy stands.
  }
  return options;
}

function inputAgain(letter: WholeDeadLetter, readable: Readable | undefined, contract: AnyContract): unknown {
  if (!readable) throw unreadable(letter, 'input', 'its input cannot be read: give one');
  try {
    return inputOfMessage(readable, contract);
  } catch (error) {
    throw unreadable(
      letter,
      'input',
      `its arguments do not fit the contract (${(error as Error).message}): give an input`,
    );
  }
}

/** Of another Celery application: its arguments are sent as they are. */
function foreign(
  letter: WholeDeadLetter,
  edits: LetterEdits,
  name: string,
  readable: Readable | undefined,
  options: Options,
  at: number,
): NewTask {
  const { queue } = options;
  if (queue === undefined) throw unreadable(letter, 'queue', 'it is not known where it died: say where it is to go');
  let task: ForeignTask;
  if (edits.input !== undefined) {
    if (!isObject(edits.input))
      throw new ProblemError('body_invalid', 'input: must be an object', {
        errors: [{ path: 'input', message: 'must be an object' }],
      });
    task = { name, kwargs: edits.input };
  } else {
    if (!readable) throw unreadable(letter, 'input', 'its input cannot be read: give one');
    const { args, kwargs, stamp } = readable.task;
    task = foreignAgain({ name, args, kwargs, stamp }, edits.mapping);
  }
  return withCanvas(prepareForeignRow(task, { ...options, queue }, at), readable);
}

/** What a Celery program wants to run after it goes on with it. */
function withCanvas(row: NewTask, readable: Readable | undefined): NewTask {
  const { callbacks, errbacks, chain, chord } = readable?.task.embed ?? {};
  if (!callbacks && !errbacks && !chain && !chord) return row;
  const stored = JSON.parse(row.message ?? '{}') as StoredMessage;
  return { ...row, message: JSON.stringify({ ...stored, embed: { callbacks, errbacks, chain, chord } }) };
}

function unreadable(letter: WholeDeadLetter, path: string, why: string): ProblemError {
  const message = letter.code === null || path === 'embed' ? why : `${why} (${letter.code}: ${letter.detail ?? ''})`;
  return new ProblemError('letter_unreadable', message, { errors: [{ path, message }] });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
