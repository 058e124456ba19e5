import { availableParallelism } from 'node:os';
import type { PoolKind } from '@lovage/task';

/** The children of a worker, for contracts of the pools `thread` and `process`, and for tasks in quarantine. */
export interface ChildrenOptions {
  /**
   * The module that boots the application in a child: its default export is a function without arguments that resolves to
   * a `ChildApp` (`bootChild` of libs/nest makes one). A URL, as `new URL('./child.js', import.meta.url).href` gives it.
   */
  readonly boot: string;
  /** Tasks at a time in each of the two pools. Default: the number of cores, since such handlers compute. */
  readonly slots?: number;
  /** A child is replaced after so many tasks: whatever it leaked goes with it. Default: never. */
  readonly maxTasks?: number;
  /**
   * MiB. A child process that has more resident memory after a task is replaced; a task that makes it grow to twice as much is
   * killed and fails alone, as does one that makes a thread's heap grow beyond it. Default: no limit but Node's own.
   */
  readonly maxMemoryMb?: number;
  /**
   * ms. A child that is about to be killed gets so long for the teardown of the Observable that its handler returned; one that computes
   * does not hear of it, and keeps its slot for so long. Default 500.
   */
  readonly teardownMs?: number;
  /** Node's own flags for children. Default: those of this process. */
  readonly execArgv?: readonly string[];
}

export interface CompiledChildren {
  readonly boot: string;
  readonly slots: number;
  readonly maxTasks: number;
  readonly maxMemoryMb: number | undefined;
  readonly teardownMs: number;
  readonly execArgv: readonly string[];
}

/** What the worker has where its contracts say nothing. */
export interface PoolsOptions {
  /** Where handlers run whose contracts do not say it. Default `async`. */
  readonly pool?: PoolKind;
  /** Without it, contracts of the pools `thread` and `process` are refused, and suspects run like all others. */
  readonly children?: ChildrenOptions;
}

/** No teardown takes longer; a timer of Node takes at most 2^31 ms. */
const MAX_TEARDOWN_MS = 600_000;

/** @throws RangeError */
export function compileChildren(options: ChildrenOptions): CompiledChildren {
  const {
    boot,
    slots = availableParallelism(),
    maxTasks = Infinity,
    maxMemoryMb,
    teardownMs = 500,
    execArgv = process.execArgv,
  } = options;
  if (!Number.isInteger(slots) || slots < 1 || slots > 1000)
    throw new RangeError(`children.slots: ${slots} is not a whole number from 1 to 1000`);
  if (maxTasks !== Infinity && (!Number.isInteger(maxTasks) || maxTasks < 1))
    throw new RangeError(`children.maxTasks: ${maxTasks} is not a whole number from 1`);
  if (maxMemoryMb !== undefined && !(maxMemoryMb >= 16))
    throw new RangeError(`children.maxMemoryMb: ${maxMemoryMb} is less than 16 MiB, in which nothing runs`);
  if (!(teardownMs >= 0 && teardownMs <= MAX_TEARDOWN_MS))
    throw new RangeError(`children.teardownMs: ${teardownMs} is not a number from 0 to ${MAX_TEARDOWN_MS}`);
  return { boot, slots, maxTasks, maxMemoryMb, teardownMs, execArgv };
}
