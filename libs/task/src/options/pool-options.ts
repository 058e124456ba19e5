import { oneOf, shown } from './checks.ts';

/** Where a handler runs. `docs/pools.md` tells which to choose. */
export const POOLS = ['async', 'thread', 'process'] as const;

/**
 * - `async`: in the worker's event loop, many at once. For handlers that wait. Code that never yields holds up all others,
 *   and its time limit takes effect only once it does yield.
 * - `thread`: in a thread of the worker, one task at a time in each. For handlers that compute. A time limit or
 *   `terminate` really ends them; a crash of the whole process takes the worker with it.
 * - `process`: in a child process, one task at a time in each. The same for code that may crash, leak or grow: it dies alone.
 */
export type PoolKind = (typeof POOLS)[number];

export interface PoolOptions {
  /** Default: the worker's `WORKER_POOL`. */
  pool?: PoolKind;
  /**
   * Deaths of the child process or thread that ran the task, after which it is `DEAD`. Before that it runs again, alone in a
   * child of its own; such a death costs no attempt of `retry`. Default 3.
   */
  maxCrashes?: number;
}

export interface CompiledPool {
  /** Undefined: as the worker has it. */
  readonly pool: PoolKind | undefined;
  readonly maxCrashes: number;
}

export const POOL_KEYS = ['pool', 'maxCrashes'];

/** @throws RangeError */
export function compilePool({ pool, maxCrashes = 3 }: PoolOptions): CompiledPool {
  if (!Number.isInteger(maxCrashes) || maxCrashes < 1 || maxCrashes > 100)
    throw new RangeError(`maxCrashes: ${shown(maxCrashes)} is not a whole number from 1 to 100`);
  return { pool: pool === undefined ? undefined : oneOf('pool', pool, POOLS), maxCrashes };
}
