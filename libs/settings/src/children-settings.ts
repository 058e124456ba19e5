import { wholeNumber } from './parsers.ts';
import type { Reader } from './reader.ts';

/** The children in which a worker runs the pools `thread` and `process`. */
export interface ChildrenSettings {
  /** `WORKER_CHILDREN`: tasks at a time in each of the two pools. Default: the number of cores, since such handlers compute. */
  readonly slots: number | undefined;
  /** `WORKER_MAX_TASKS_PER_CHILD`: a child is replaced after so many. Default: never. */
  readonly maxTasks: number | undefined;
  /**
   * `WORKER_MAX_MEMORY_PER_CHILD`, MiB: a child process that has more is replaced after its task, and killed at twice as much; of
   * a thread it bounds the heap. Default: no limit.
   */
  readonly maxMemoryMb: number | undefined;
}

export function readChildrenSettings(reader: Reader): ChildrenSettings {
  return {
    slots: reader.value('WORKER_CHILDREN', 'a whole number from 1 to 1000', wholeNumber(1, 1000)),
    maxTasks: reader.value(
      'WORKER_MAX_TASKS_PER_CHILD',
      'a whole number from 1 to 1000000000',
      wholeNumber(1, 1_000_000_000),
    ),
    maxMemoryMb: reader.value(
      'WORKER_MAX_MEMORY_PER_CHILD',
      'MiB, a whole number from 16 to 1048576',
      wholeNumber(16, 1_048_576),
    ),
  };
}
