import type { Duration } from '@lovage/foundation';
import { durationMs } from '@lovage/foundation';
import type { TaskLogLevel } from '@lovage/ports';

/** What a worker is told when it starts. */
export interface WorkerOptions {
  /** `worker-<pid>@<host>`: shown in task documents, logs and banners. */
  readonly name: string;
  /** Queues to consume. At least one. */
  readonly queues: readonly string[];
  /** Handlers running at once. CPU-bound handlers share one event loop; for waiting ones, cores × 10 is a good start. */
  readonly concurrency: number;
  /**
   * Messages held per slot and queue, those being run and recorded included. Default 4: enough to hide the round trips
   * of claim and record. Higher serves very short tasks better, and lets one worker hoard what others could run.
   */
  readonly prefetchMultiplier?: number;
  /** At a stop: how long running tasks may go on before they are aborted and handed back. Default `5s`. */
  readonly shutdownGrace?: Duration;
  /** Least level of `task.log` that is kept with the task; `off`: none. Default `info`. The process's own log has its own level. */
  readonly taskLogLevel?: TaskLogLevel | 'off';
}

export interface CompiledWorkerOptions {
  readonly name: string;
  readonly queues: readonly string[];
  readonly concurrency: number;
  readonly prefetch: number;
  readonly shutdownGraceMs: number;
  readonly taskLogLevel: TaskLogLevel | 'off';
}

/** RabbitMQ keeps a prefetch count in 16 bits. */
const MAX_PREFETCH = 65_535;

/** @throws RangeError */
export function compileWorkerOptions(options: WorkerOptions): CompiledWorkerOptions {
  const { concurrency, prefetchMultiplier = 4, queues } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 10_000)
    throw new RangeError(`concurrency: ${concurrency} is not a whole number from 1 to 10000`);
  if (!(prefetchMultiplier >= 1)) throw new RangeError(`prefetchMultiplier: ${prefetchMultiplier} is less than 1`);
  if (queues.length === 0) throw new RangeError('queues: a worker needs at least one queue');
  return {
    name: options.name,
    queues: [...new Set(queues)],
    concurrency,
    prefetch: Math.min(Math.ceil(concurrency * prefetchMultiplier), MAX_PREFETCH),
    shutdownGraceMs: durationMs(options.shutdownGrace ?? '5s'),
    taskLogLevel: options.taskLogLevel ?? 'info',
  };
}
