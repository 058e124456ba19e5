import { LovageError } from '@lovage/foundation';

/** What a worker saw of the death of a child: the evidence that is kept with the task. */
export interface ChildDeath {
  readonly pool: 'thread' | 'process';
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Tasks that ran in it when it died, this one included. */
  readonly together: number;
  /** Resident memory of the process when it was last looked at, MiB; null of a thread, and where it was never seen. */
  readonly memoryMb: number | null;
  /** What it said on stderr at last; of a thread, the error that ended it. */
  readonly stderr: string;
  /** The last lines that the handler logged. */
  readonly logs: readonly string[];
}

/**
 * Recorded when the child that ran a task died: by a signal, an exit, an error that nobody caught, a lack of memory. `data` is
 * the {@link ChildDeath}.
 */
export class WorkerChildDied extends LovageError {
  readonly code = 'worker_child_died';
  constructor(
    readonly data: ChildDeath,
    deaths: number,
  ) {
    const how = data.signal ?? (data.exitCode === null ? 'an unknown cause' : `exit code ${data.exitCode}`);
    const others = data.together === 1 ? '' : ` with ${data.together - 1} others`;
    super(
      `the ${data.pool} that ran the task${others} died (${how}), ${data.together > 1 ? 'and any of them may be why' : deaths === 1 ? 'the first time' : `${deaths} times by now`}`,
    );
  }
}

/** A child could not boot the application; the task is released and costs no attempt. */
export class ChildBootFailed extends LovageError {
  readonly code = 'child_boot_failed';
  constructor(reason: string, options?: ErrorOptions) {
    super(`a child of the worker could not boot the application: ${reason}`, options);
  }
}

/** Recorded when a task took more memory than `WORKER_MAX_MEMORY_PER_CHILD` allows its child. */
export class MemoryLimitExceeded extends LovageError {
  readonly code = 'memory_limit_exceeded';
  constructor(limitMb: number) {
    super(`the task took more memory than its child may have (${limitMb} MiB)`);
  }
}

/** A contract asks for a pool that this worker cannot offer. */
export class PoolUnavailableError extends LovageError {
  readonly code = 'pool_unavailable';
  constructor(
    readonly contracts: readonly string[],
    pool: string,
  ) {
    super(
      `${contracts.join(', ') || 'the worker'} asks for the pool ${pool}, but the worker was not told how a child boots: set children.boot (docs/pools.md)`,
    );
  }
}
