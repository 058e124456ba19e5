import {
  durationMs,
  isInternalQueue,
  isQueueText,
  isTaskPriority,
  isUuid,
  QUEUE_TEXT_RULE,
  TASK_PRIORITY_RULE,
  type Duration,
} from '@lovage/foundation';
import type { StoredMessage } from '@lovage/ports';
import {
  compileUnique,
  isTag,
  isTime,
  MAX_TAGS,
  submitIssues,
  TAG_RULE,
  TIME_RULE,
  type AnyContract,
  type CompiledUnique,
  type RetryOptions,
  type SubmitUnique,
  type TaskSubmitOptions,
} from '@lovage/task';
import { SubmitOptionsError } from '../errors.ts';

/** How one task is to be sent; what is left out is as the contract says. */
export interface SubmitOptions extends TaskSubmitOptions {
  /** Who submits it: UUID of a user. */
  userId?: string;
  /**
   * Ask the worker to send the result to this process, so that waiting for it takes no polling. Default true; `false` saves
   * the worker one small message for a task whose result nobody waits for here.
   */
  awaitReply?: boolean;
  /** The task that submits this one. */
  parentId?: string;
  /** First task of the family. Default: the parent, or the task itself. */
  rootId?: string;
  /** The ended task that this one runs again. */
  retriedFrom?: string;
  /** The moment of the schedule that it is made for. */
  scheduledFor?: Date;
}

/** {@link SubmitOptions} checked and made absolute. Times in ms; wall-clock times since the epoch. */
export interface CompiledSubmit {
  readonly queue: string | undefined;
  readonly priority: number | undefined;
  /** 0: now. */
  readonly delayMs: number;
  readonly eta: number | null;
  readonly expiresAt: number | null;
  readonly timeLimit: StoredMessage['timeLimit'];
  readonly retry: StoredMessage['retry'];
  readonly key: string | undefined;
  readonly unique: CompiledUnique | undefined;
  readonly userId: string | null;
  readonly awaitReply: boolean;
  readonly parentId: string | null;
  readonly rootId: string | null;
  readonly retriedFrom: string | null;
  readonly tags: readonly string[];
  readonly scheduledFor: number | undefined;
}

/** What a submit needs to know of its contract. */
type SubmitContract = Pick<AnyContract, 'input' | 'options'> & Partial<Pick<AnyContract, 'foreign'>>;

const KNOWN: ReadonlySet<string> = new Set<keyof SubmitOptions>([
  'queue',
  'priority',
  'delay',
  'eta',
  'expires',
  'timeLimit',
  'softTimeLimit',
  'retry',
  'idempotencyKey',
  'unique',
  'userId',
  'awaitReply',
  'parentId',
  'rootId',
  'retriedFrom',
  'tags',
  'scheduledFor',
]);
/** Visible ASCII and spaces: a key travels in an HTTP header. */
const KEY = /^[\x20-\x7e]{1,255}$/;
/** A policy travels in a header of its message. */
const MAX_RETRY_JSON = 4000;

/**
 * @param contract what the options leave out is as it says; undefined: it is not known.
 * @param closedQueue a queue that takes no tasks, beside those of {@link isInternalQueue}: the broker's dead letters.
 * @throws SubmitOptionsError naming the option and what is wrong with it.
 */
export function compileSubmit(
  options: SubmitOptions,
  now: number,
  contract?: SubmitContract,
  closedQueue?: string,
): CompiledSubmit {
  for (const name of Object.keys(options))
    if (!KNOWN.has(name)) throw new SubmitOptionsError(name, `unknown option (known: ${[...KNOWN].join(', ')})`);
  const { queue, priority = contract?.options.priority, idempotencyKey: key } = options;
  if (queue !== undefined && !isQueueText(queue))
    throw new SubmitOptionsError('queue', `${JSON.stringify(queue)} is no queue name (${QUEUE_TEXT_RULE})`);
  if (queue !== undefined && (isInternalQueue(queue) || queue === closedQueue))
    throw new SubmitOptionsError(
      'queue',
      `${JSON.stringify(queue)} is a queue of the broker's own, where no tasks are served`,
    );
  if (priority !== undefined && !isTaskPriority(priority))
    throw new SubmitOptionsError('priority', `must be ${TASK_PRIORITY_RULE}`);
  if (key !== undefined && (typeof key !== 'string' || !KEY.test(key)))
    throw new SubmitOptionsError('idempotencyKey', 'must be 1 to 255 visible ASCII characters');
  // Limits only as they are given: a task that is run again keeps those that suited an earlier contract.
  const { expiresMs, retry } = contract?.options ?? {};
  for (const { path, message } of submitIssues(options, now, { expiresMs, retry }))
    throw new SubmitOptionsError(path, message);
  const eta = options.eta?.getTime();
  const delayMs = eta === undefined ? durationMs(options.delay ?? 0) : Math.max(0, eta - now);
  return {
    queue,
    // -0 is 0.
    priority: priority === undefined ? undefined : priority + 0,
    delayMs,
    eta: eta ?? (delayMs > 0 ? now + delayMs : null),
    expiresAt: expiry(options.expires, now, expiresMs),
    timeLimit: timeLimit(options),
    retry: retryPolicy(options.retry, contract),
    key,
    unique: uniqueRule(options.unique, contract),
    userId: uuid('userId', options.userId),
    awaitReply: options.awaitReply ?? true,
    parentId: uuid('parentId', options.parentId),
    rootId: uuid('rootId', options.rootId),
    retriedFrom: uuid('retriedFrom', options.retriedFrom),
    tags: tags(options.tags),
    scheduledFor: moment(options.scheduledFor),
  };
}

function expiry(given: Duration | Date | undefined, now: number, contractMs: number | undefined): number | null {
  if (given instanceof Date) return given.getTime();
  if (given !== undefined) return now + durationMs(given);
  return contractMs === undefined ? null : now + contractMs;
}

function timeLimit({ timeLimit: hard, softTimeLimit: soft }: SubmitOptions): StoredMessage['timeLimit'] {
  if (hard === undefined && soft === undefined) return undefined;
  const seconds = (given: Duration | undefined) => (given === undefined ? null : durationMs(given) / 1000);
  return [seconds(hard), seconds(soft)];
}

/** As it was given: it is known to work with the contract's. */
function retryPolicy(given: RetryOptions | undefined, contract: SubmitContract | undefined): StoredMessage['retry'] {
  if (given === undefined) return undefined;
  if (contract?.foreign !== undefined)
    throw new SubmitOptionsError('retry', `a worker of ${contract.foreign} retries as its own task says`);
  if (JSON.stringify(given).length > MAX_RETRY_JSON)
    throw new SubmitOptionsError('retry', `is longer than ${MAX_RETRY_JSON} characters as JSON`);
  return { ...given };
}

function uniqueRule(given: SubmitOptions['unique'], contract: SubmitContract | undefined): CompiledUnique | undefined {
  if (given === undefined) return contract?.options.unique;
  if (given === false) return undefined;
  if (typeof (given as { by?: unknown }).by === 'function')
    throw new SubmitOptionsError('unique.by', 'must be a list of fields; a function belongs to the contract');
  const rule = compiledUnique(given, contract);
  if (!contract)
    throw new SubmitOptionsError('unique', 'needs a contract: without one the fields of the input are not known');
  if (contract.options.record !== 'full')
    throw new SubmitOptionsError(
      'unique',
      `needs record: 'full'; with '${contract.options.record}' there is no row to look at`,
    );
  return rule;
}

/** What libs/task refuses names the option before a colon. @throws SubmitOptionsError */
function compiledUnique(
  given: boolean | SubmitUnique,
  contract: SubmitContract | undefined,
): CompiledUnique | undefined {
  try {
    return compileUnique(given, contract?.input, contract?.options.unique);
  } catch (error) {
    const [, at = 'unique', reason = ''] = /^([^:]*): (.*)$/s.exec((error as Error).message) ?? [];
    throw new SubmitOptionsError(at, reason, { cause: error });
  }
}

const NO_TAGS: readonly string[] = [];

function tags(given: readonly string[] | undefined): readonly string[] {
  if (given === undefined) return NO_TAGS;
  if (!Array.isArray(given) || given.length > MAX_TAGS)
    throw new SubmitOptionsError('tags', `must be a list of at most ${MAX_TAGS}`);
  for (const [i, tag] of given.entries())
    if (!isTag(tag)) throw new SubmitOptionsError(`tags.${i}`, `must be ${TAG_RULE}`);
  return given;
}

function moment(given: Date | undefined): number | undefined {
  if (given !== undefined && !isTime(given)) throw new SubmitOptionsError('scheduledFor', TIME_RULE);
  return given?.getTime();
}

function uuid(option: string, given: string | undefined): string | null {
  if (given === undefined) return null;
  if (!isUuid(given)) throw new SubmitOptionsError(option, `${JSON.stringify(given)} is no UUID`);
  return given;
}
