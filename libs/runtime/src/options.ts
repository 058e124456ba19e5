import type { Duration } from '@lovage/foundation';
import { durationMs } from '@lovage/foundation';
import type { PassOnLimits, TaskLogLevel } from '@lovage/ports';
import { MAX_RESULT_LIMIT, type PoolKind } from '@lovage/task';
import type { PoolSlots } from './claim/waiting.ts';
import type { HandlerTable } from './handlers.ts';
import type { AutoscaleBounds } from './steer/autoscaler.ts';
import { DEFAULT_RESULT_LIMIT } from './run/storable.ts';
import type { FailureLogLevel } from './record/failure-log.ts';
import { compileChildren, type CompiledChildren, type PoolsOptions } from './pools/child-options.ts';

/** RabbitMQ keeps a prefetch count in 16 bits. */
const MAX_PREFETCH = 65_535;
/** Full batches of each batch contract that are held beyond the slots: one that runs, and the one that gathers meanwhile. */
const BATCHES = 2;

/** What a worker is told when it starts. */
export interface WorkerOptions extends PoolsOptions {
  /** `worker-<pid>@<host>`: shown in task documents, logs and banners. */
  readonly name: string;
  /** Queues to consume. At least one. */
  readonly queues: readonly string[];
  /** Handlers of the pool `async` running at once. They mostly wait; cores × 10 is a good start. */
  readonly concurrency: number;
  /**
   * Messages held per slot and queue, those being run and recorded included. Default 4: enough to hide the round trips
   * of claim and record. For each batch contract two full batches are held besides. Higher serves very short tasks better, and lets one worker hoard what others could run.
   */
  readonly prefetchMultiplier?: number | undefined;
  /** At a stop: how long running tasks may go on before they are aborted and released. Default `5s`. */
  readonly shutdownGrace?: Duration | undefined;
  /**
   * How long the handler of a task that is revoked while it runs may tidy up after its signal is aborted; then the task ends
   * without it. Default `5s`.
   */
  readonly revokeGrace?: Duration;
  /**
   * How long a task may wait while no live worker serves its contract: then it ends `FAILURE` `NotRegistered`, and its message goes to
   * the dead letters. Default `never`: it waits for ever. Tasks that came without a row: see {@link unservedRowless}.
   */
  readonly unserved?: Duration | 'never' | undefined;
  /** The same of tasks that came without a row: those of Celery callers, and of contracts with `record: 'final' | 'none'`. Default `1h`. */
  readonly unservedRowless?: Duration | 'never' | undefined;
  /** Largest result of a contract that does not say it, bytes as JSON. Default 10 MiB; at most 64 MiB. A larger one fails its task. */
  readonly resultLimit?: number | undefined;
  /** Least level of `task.log` that is kept with the task; `off`: none. Default `info`. The process's own log has its own level. */
  readonly taskLogLevel?: TaskLogLevel | 'off';
  /**
   * Which failed attempts the process's log tells of. `warn` (default): all. `error`: only those that end their task with an error that its
   * contract does not declare. `off`: none.
   */
  readonly failureLogLevel?: FailureLogLevel;
  /** Callers of Celery's are told when their tasks start. Default false. */
  readonly trackStarted?: boolean | undefined;
  /** The pool fits itself to what there is to do, from `min` to `max` tasks at once; it begins with `min`. Default: it keeps its size. */
  readonly autoscale?: AutoscaleBounds | undefined;
}

export interface CompiledWorkerOptions {
  readonly name: string;
  readonly queues: readonly string[];
  readonly slots: PoolSlots;
  readonly pool: PoolKind;
  readonly children: CompiledChildren | undefined;
  readonly prefetch: number;
  readonly shutdownGraceMs: number;
  readonly revokeGraceMs: number;
  readonly unserved: PassOnLimits;
  readonly resultLimit: number;
  readonly taskLogLevel: TaskLogLevel | 'off';
  readonly failureLogLevel: FailureLogLevel;
  readonly trackStarted: boolean;
  readonly prefetchMultiplier: number;
  readonly autoscale: AutoscaleBounds | undefined;
}

/** @throws RangeError */
export function compileWorkerOptions(options: WorkerOptions): CompiledWorkerOptions {
  const { concurrency, prefetchMultiplier = 4, queues } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 10_000)
    throw new RangeError(`concurrency: ${concurrency} is not a whole number from 1 to 10000`);
  if (!(prefetchMultiplier >= 1)) throw new RangeError(`prefetchMultiplier: ${prefetchMultiplier} is less than 1`);
  if (queues.length === 0) throw new RangeError('queues: a worker needs at least one queue');
  const children = options.children && compileChildren(options.children);
  const childSlots = children?.slots ?? 0;
  return {
    name: options.name,
    queues: [...new Set(queues)],
    slots: { async: concurrency, thread: childSlots, process: childSlots },
    pool: options.pool ?? 'async',
    children,
    prefetch: Math.min(Math.ceil(concurrency * prefetchMultiplier), MAX_PREFETCH),
    shutdownGraceMs: durationMs(options.shutdownGrace ?? '5s'),
    revokeGraceMs: durationMs(options.revokeGrace ?? '5s'),
    unserved: {
      mostMs: waitMs(options.unserved ?? 'never'),
      mostRowlessMs: waitMs(options.unservedRowless ?? '1h'),
    },
    resultLimit: resultLimitOf(options.resultLimit),
    taskLogLevel: options.taskLogLevel ?? 'info',
    failureLogLevel: options.failureLogLevel ?? 'warn',
    trackStarted: options.trackStarted ?? false,
    prefetchMultiplier,
    autoscale: options.autoscale,
  };
}

function resultLimitOf(bytes = DEFAULT_RESULT_LIMIT): number {
  if (!Number.isInteger(bytes) || bytes < 1 || bytes > MAX_RESULT_LIMIT)
    throw new RangeError(`resultLimit: ${bytes} is no number of bytes from 1 to ${MAX_RESULT_LIMIT}`);
  return bytes;
}

function waitMs(wait: Duration | 'never'): number | null {
  return wait === 'never' ? null : durationMs(wait);
}

/** Messages held of each queue: those of the slots, and room for batches to become full. */
export function prefetchFor(bySlots: number, handlers: HandlerTable): number {
  const sizes = handlers.names().map((name) => handlers.find(name)!.contract.options.batch?.size ?? 0);
  return Math.min(bySlots + BATCHES * sizes.reduce((sum, size) => sum + size, 0), MAX_PREFETCH);
}
