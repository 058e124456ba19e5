import type { z } from 'zod';
import { isQueueText, isTaskPriority, QUEUE_TEXT_RULE, TASK_PRIORITY_RULE, type Duration } from '@lovage/foundation';
import { compileBatch, type BatchOptions, type CompiledBatch } from './batch-options.ts';
import { oneOf, optionalMs, refuseUnknown, shown, SOFT_LIMIT_RULE } from './checks.ts';
import { compileFollowUp, type FollowUpContract } from './follow-up-options.ts';
import {
  compileConcurrency,
  compileRate,
  type CompiledConcurrency,
  type CompiledRate,
  type ConcurrencyOptions,
  type Rate,
  type RateOptions,
} from './limit-options.ts';
import { compilePool, POOL_KEYS, type CompiledPool, type PoolOptions } from './pool-options.ts';
import { compileResultLimit, type Size } from './result-limit.ts';
import { compileRetention, type CompiledRetention, type RetentionOptions } from './retention-options.ts';
import { compileRetry, type CompiledRetry, type RetryOptions } from './retry-options.ts';
import { compileTags } from './tag-options.ts';
import { compileUnique, type CompiledUnique, type UniqueOptions } from './unique-options.ts';

/**
 * When the broker is told that a message is dealt with.
 * - `late` (default): after the result is committed. A worker that dies costs another run, never a task.
 * - `claim`: once the claim is committed durably, before the handler runs. For tasks longer than the broker's own
 *   consumer timeout (RabbitMQ: 30 min); a dead worker is then noticed by its lease, not by the broker.
 * - `early`: at arrival. A worker that dies loses the task.
 */
export type AckMode = 'late' | 'claim' | 'early';

/**
 * What is kept in Postgres.
 * - `full` (default): from the submit on, with a fenced claim; every promise of the platform holds.
 * - `final`: one row, when the task ends. Half the writes; it may run twice after a crash, is recorded once, and cannot be looked up before it ends.
 * - `none`: nothing. Only a caller who waits sees the result.
 */
export type RecordMode = 'full' | 'final' | 'none';

/**
 * Defaults of a contract; the submit may override some.
 * @typeParam I what the contract's input becomes when validated: the argument of the `key` functions.
 */
export interface TaskOptions<I = unknown> extends PoolOptions {
  /** Queue that the task is sent to. Default `default`. */
  queue?: string;
  /**
   * From 0 to 9, higher is more urgent: of what waits in a queue it runs first. Default: none, which is in the middle, as 4 is.
   * Queues tell three levels apart: up to 3, 4 to 6, from 7 on. See `docs/client.md`.
   */
  priority?: number;
  retry?: RetryOptions;
  /** After this the handler's `signal` is aborted (reason `SoftTimeLimitExceeded`); it may tidy up. No limit by default. */
  softTimeLimit?: Duration;
  /**
   * After this the task ends `FAILURE` `TimeLimitExceeded`, whatever the handler does; in the pools `thread` and `process` its
   * code is killed. No limit by default.
   */
  timeLimit?: Duration;
  /** A task that has not started this long after its submit becomes `EXPIRED`. Never by default. */
  expires?: Duration;
  ack?: AckMode;
  record?: RecordMode;
  /**
   * How many of its tasks run at once, over all workers. What is above it waits in Postgres, in order, held by no worker, and
   * blocks nothing else. No limit by default. Needs `record: 'full'`. See `docs/limits.md`.
   */
  concurrency?: number | ConcurrencyOptions<I>;
  /**
   * How many of its tasks start in a time, over all workers: `10/s`. Each of the others is given its time and waits for it in
   * Postgres. No limit by default. Needs `record: 'full'`.
   */
  rateLimit?: Rate | RateOptions<I>;
  /**
   * How long its ended tasks are kept: `'2d'`, `'forever'`, or by state `{ SUCCESS: '1h', FAILURE: '30d' }`. It wins over the
   * settings of the worker that cleans up, which hold for the states that it leaves out. See `docs/operations.md`.
   */
  retention?: RetentionOptions;
  /**
   * Largest result, as JSON: bytes, or `'20MiB'`; at most 64 MiB. A larger one fails the task (`ResultTooLarge`), without a retry.
   * Default: `RESULT_LIMIT` of the worker, 10 MiB. What is large belongs into a file; results are read whole, by everybody.
   */
  resultLimit?: Size;
  /**
   * Its handler takes many tasks at once, each with an outcome of its own: `{ size: 100, timeout: '200ms' }`. It runs in the pool
   * `async`. One at a time by default. See `docs/batches.md`.
   */
  batch?: BatchOptions;
  /**
   * A submit makes no second task of the same work while another one conflicts; `true`: of the same input, while the
   * other one has not ended. Not by default. Needs `record: 'full'`; such a submit goes by way of Postgres. See `docs/unique.md`.
   */
  unique?: boolean | UniqueOptions<I>;
  /**
   * Fields of the input, by path, that each task is tagged with: `['tenant', 'order.id']` gives `tenant:acme` and `order.id:17`. Tasks are
   * listed, counted, revoked and retried by tag. At most 20; a field that is not there gives none. None by default.
   */
  tags?: readonly string[];
  /**
   * Submitted with the task as its input ({@link endedTask}) when a task ends `FAILURE`, `DEAD` or `EXPIRED`: once, in the transaction of
   * the end. Not when it is revoked. A contract with `record: 'full'`, not unique, without a follow-up of its own. None by default.
   */
  onFailure?: FollowUpContract;
  /** The same when a task ends `SUCCESS`. */
  onSuccess?: FollowUpContract;
}

/** {@link TaskOptions} checked and completed; times in ms. The rest of the code sees only this form. */
export interface CompiledTaskOptions extends CompiledPool {
  readonly queue: string;
  readonly priority: number | undefined;
  readonly retry: CompiledRetry;
  readonly softTimeLimitMs: number | undefined;
  readonly timeLimitMs: number | undefined;
  readonly expiresMs: number | undefined;
  readonly ack: AckMode;
  readonly record: RecordMode;
  readonly concurrency: CompiledConcurrency | undefined;
  readonly rateLimit: CompiledRate | undefined;
  readonly retention: CompiledRetention | undefined;
  /** Bytes; undefined: as the worker says. */
  readonly resultLimit: number | undefined;
  readonly batch: CompiledBatch | undefined;
  /** Undefined: its tasks need not be unique. */
  readonly unique: CompiledUnique | undefined;
  /** Paths of fields of the input. */
  readonly tags: readonly string[];
  readonly onFailure: FollowUpContract | undefined;
  readonly onSuccess: FollowUpContract | undefined;
}

const OPTION_KEYS = [
  'queue',
  'retry',
  'softTimeLimit',
  'timeLimit',
  'expires',
  'ack',
  'record',
  'priority',
  'concurrency',
  'rateLimit',
  'retention',
  'resultLimit',
  'batch',
  'unique',
  'tags',
  'onFailure',
  'onSuccess',
  ...POOL_KEYS,
];
/** Options that need a row from the submit on: what waits, or is told from others, is a row. */
const NEED_ROW = ['concurrency', 'rateLimit', 'unique'] as const;

/**
 * @param input schema of the contract's input, where it is known: the fields that options name must be in it.
 * @throws RangeError naming the option, what is wrong with it, and for an unknown one the closest that exists.
 */
export function compileOptions(options: TaskOptions = {}, input?: z.ZodObject): CompiledTaskOptions {
  refuseUnknown('', 'option', options, OPTION_KEYS);
  const queue = options.queue ?? 'default';
  if (!isQueueText(queue)) throw new RangeError(`queue: ${shown(queue)} is no queue name (${QUEUE_TEXT_RULE})`);
  const { priority } = options;
  if (priority !== undefined && !isTaskPriority(priority))
    throw new RangeError(`priority: ${shown(priority)} is not ${TASK_PRIORITY_RULE}`);
  const softTimeLimitMs = optionalMs('softTimeLimit', options.softTimeLimit);
  const timeLimitMs = optionalMs('timeLimit', options.timeLimit);
  if (softTimeLimitMs !== undefined && timeLimitMs !== undefined && softTimeLimitMs >= timeLimitMs)
    throw new RangeError(`softTimeLimit: ${SOFT_LIMIT_RULE}`);
  const record = oneOf('record', options.record ?? 'full', ['full', 'final', 'none']);
  for (const option of NEED_ROW)
    if (options[option] !== undefined && options[option] !== false && record !== 'full')
      throw new RangeError(`${option}: needs record: 'full'; with '${record}' there is no row that could wait`);
  if (options.batch !== undefined && (options.pool ?? 'async') !== 'async')
    throw new RangeError(
      `batch: its handler runs in the pool async; in ${shown(options.pool)} children run one task at a time`,
    );
  return {
    queue,
    priority,
    retry: compileRetry(options.retry ?? {}),
    softTimeLimitMs,
    timeLimitMs,
    expiresMs: optionalMs('expires', options.expires),
    ack: oneOf('ack', options.ack ?? 'late', ['late', 'claim', 'early']),
    record,
    concurrency: compileConcurrency(options.concurrency),
    rateLimit: compileRate(options.rateLimit),
    retention: compileRetention(options.retention),
    resultLimit: compileResultLimit(options.resultLimit),
    batch: compileBatch(options.batch),
    unique: compileUnique(options.unique, input),
    tags: compileTags(options.tags, input),
    onFailure: compileFollowUp('onFailure', options.onFailure, record),
    onSuccess: compileFollowUp('onSuccess', options.onSuccess, record),
    ...compilePool(options.batch === undefined ? options : { ...options, pool: 'async' }),
  };
}
