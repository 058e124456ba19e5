import { AsyncLocalStorage } from 'node:async_hooks';
import type { NewTask } from '@lovage/ports';
import type { TaskContext } from '@lovage/task';

/** What a run knows of its task: in the worker its entry, in a child what the worker sent. */
export interface RunSubject {
  readonly id: string;
  /** Failed attempts so far. */
  readonly retries: number;
  readonly newTask: Pick<NewTask, 'queue' | 'parentId' | 'rootId' | 'userId'>;
  readonly isLastAttempt: boolean;
  /** ms since the epoch. */
  readonly scheduledFor: number | undefined;
}

/** The context that a handler got, and the task that it is of: in the worker its entry. */
export interface ScopedRun extends TaskContext {
  readonly subject: RunSubject;
}

/**
 * Which task's code is running: set around the call of a handler, and passed on by Node.js to whatever that code leaves behind
 * (timers, promises, sockets). It tells whose error it is that nobody caught. Of a batch, all of it.
 */
const scope = new AsyncLocalStorage<ScopedRun | readonly ScopedRun[] | undefined>();

/** Calls a handler as the code of these runs. Takes its arguments apart, so that no closure is made for each task. */
export function asCodeOf<A, B>(
  runs: ScopedRun | readonly ScopedRun[],
  handle: (a: A, b: B) => unknown,
  a: A,
  b: B,
): unknown {
  return scope.run(runs, handle, a, b);
}

/** Calls what a handler makes this process do on its own account: its errors are no task's. */
export function asOwnCode<R>(fn: () => R): R {
  // Not `exit`: that takes the hooks of the whole process off and puts them on again, 1 to 2 µs each time.
  return scope.run(undefined, fn);
}

/** The runs whose code this is. Empty: nobody's, or none that can be told. */
export function runsInScope(): readonly ScopedRun[] {
  const runs = scope.getStore();
  return runs === undefined ? [] : Array.isArray(runs) ? (runs as readonly ScopedRun[]) : [runs as ScopedRun];
}
