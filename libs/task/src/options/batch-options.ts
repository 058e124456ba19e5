import type { Duration } from '@lovage/foundation';
import { named, refuseUnknown, shown } from './checks.ts';

/** How tasks are gathered for a handler that takes many at once. */
export interface BatchOptions {
  /** Most tasks of one call, from 1 to 1000. A call comes at once when so many are there. */
  size: number;
  /**
   * Longest time that the first task of a call waits for others, at most `'10m'`. Default `'100ms'`. Longer makes larger
   * batches and later results. While they wait tasks are not started: any worker may have them, and a revoke ends them at once.
   */
  timeout?: Duration;
}

export interface CompiledBatch {
  readonly size: number;
  readonly timeoutMs: number;
}

/** All of one call are held unacked and claimed together; beyond it little is gained by a larger one. */
const MAX_SIZE = 1000;
/** RabbitMQ requeues a message that has been unacked for half an hour. */
const MAX_TIMEOUT = '10m';

/** @throws RangeError */
export function compileBatch(given: BatchOptions | undefined): CompiledBatch | undefined {
  if (given === undefined) return undefined;
  refuseUnknown('batch: ', 'batch option', given, ['size', 'timeout'], 'batch.');
  const { size, timeout = '100ms' } = given;
  if (!Number.isInteger(size) || size < 1 || size > MAX_SIZE)
    throw new RangeError(`batch.size: ${shown(size)} is not a whole number from 1 to ${MAX_SIZE}`);
  const timeoutMs = named('batch.timeout', timeout);
  if (timeoutMs > named('batch.timeout', MAX_TIMEOUT))
    throw new RangeError(`batch.timeout: ${shown(timeout)} is longer than ${MAX_TIMEOUT}`);
  return { size, timeoutMs };
}
