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
  compileRetry,
  compileUnique,
  isTag,
  MAX_TAGS,
  TAG_RULE,
  type AnyContract,
  type CompiledUnique,
  type RetryOptions,
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
/** Beyond this a date is a mistake (and near the end of what Postgres and JavaScript can keep): the year 9999, ms. */
const LATEST = Date.UTC(9999, 11, 31);

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
  if (options.delay !== undefined && options.eta !== undefined)
    throw new SubmitOptionsError('eta', 'give either eta or delay, not both');
  const delay = options.delay === undefined ? undefined : duration('delay', options.delay);
  const eta = options.eta === undefined ? undefined : time('eta', options.eta);
  const delayMs = delay ?? (eta === undefined ? 0 : Math.max(0, eta - now));
  if (now + delayMs > LATEST) throw new SubmitOptionsError('delay', 'is beyond the year 9999');
  const expiresAt = expiry(options.expires, now, contract?.options.expiresMs);
  if (expiresAt !== null && delayMs > 0 && expiresAt <= now + delayMs)
    throw new SubmitOptionsError('expires', 'is not after its start: it would expire before it may run');
  return {
    queue,
    // -0 is 0.
    priority: priority === undefined ? undefined : priority + 0,
    delayMs,
    eta: eta ?? (delayMs > 0 ? now + delayMs : null),
    expiresAt,
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
    scheduledFor: options.scheduledFor === undefined ? undefined : time('scheduledFor', options.scheduledFor),
  };
}

function expiry(given: Duration | Date | undefined, now: number, contractMs: number | undefined): number | null {
  if (given === undefined) return contractMs === undefined ? null : now + contractMs;
  const at = given instanceof Date ? time('expires', given) : now + duration('expires', given);
  if (at > LATEST) throw new SubmitOptionsError('expires', 'is beyond the year 9999');
  if (at <= now) throw new SubmitOptionsError('expires', 'is over already: it would never run');
  return at;
}

function timeLimit({ timeLimit: hard, softTimeLimit: soft }: SubmitOptions): StoredMessage['timeLimit'] {
  if (hard === undefined && soft === undefined) return undefined;
  const seconds = (name: string, given: Duration | undefined) => {
    if (given === undefined) return null;
    const ms = duration(name, given);
    if (ms === 0) throw new SubmitOptionsError(name, 'must be longer than zero');
    return ms / 1000;
  };
  const limit = [seconds('timeLimit', hard), seconds('softTimeLimit', soft)] as const;
  if (limit[0] !== null && limit[1] !== null && limit[1] >= limit[0])
    throw new SubmitOptionsError(
      'softTimeLimit',
      'must be shorter than timeLimit, or the handler gets no time to tidy up',
    );
  return limit;
}

/** As it was given, once it is known to work with the contract's. */
function retryPolicy(given: RetryOptions | undefined, contract: SubmitContract | undefined): StoredMessage['retry'] {
  if (given === undefined) return undefined;
  if (contract?.foreign !== undefined)
    throw new SubmitOptionsError('retry', `a worker of ${contract.foreign} retries as its own task says`);
  named('retry', () => compileRetry(given, contract?.options.retry));
  if (JSON.stringify(given).length > MAX_RETRY_JSON)
    throw new SubmitOptionsError('retry', `is longer than ${MAX_RETRY_JSON} characters as JSON`);
  return { ...given };
}

function uniqueRule(given: SubmitOptions['unique'], contract: SubmitContract | undefined): CompiledUnique | undefined {
  if (given === undefined) return contract?.options.unique;
  if (given === false) return undefined;
  if (typeof (given as { by?: unknown }).by === 'function')
    throw new SubmitOptionsError('unique.by', 'must be a list of fields; a function belongs to the contract');
  const rule = named('unique', () => compileUnique(given, contract?.input, contract?.options.unique));
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
function named<T>(option: string, compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    const [, at = option, reason = ''] = /^([^:]*): (.*)$/s.exec((error as Error).message) ?? [];
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

function duration(option: string, given: Duration): number {
  try {
    return durationMs(given);
  } catch (error) {
    throw new SubmitOptionsError(option, (error as Error).message, { cause: error });
  }
}

function time(option: string, given: Date): number {
  const ms = given instanceof Date ? given.getTime() : NaN;
  if (!(ms >= 0 && ms <= LATEST)) throw new SubmitOptionsError(option, 'must be a Date between 1970 and 9999');
  return ms;
}

function uuid(option: string, given: string | undefined): string | null {
  if (given === undefined) return null;
  if (!isUuid(given)) throw new SubmitOptionsError(option, `${JSON.stringify(given)} is no UUID`);
  return given;
}
