import type { AnyContract, Progress, TaskContext } from '@lovage/task';

/** A context for calling a handler by hand: what it reports is in `reported`, `abort` ends it. */
export interface FakeTask<C extends AnyContract> {
  readonly task: TaskContext<C>;
  readonly reported: Progress<C>[];
  abort(reason: Error): void;
}

export function fakeTask<C extends AnyContract>(contract: C): FakeTask<C> {
  const reported: Progress<C>[] = [];
  const controller = new AbortController();
  const unused = (): never => {
    throw new Error('not expected of this handler');
  };
  const quiet = () => undefined;
  return {
    reported,
    abort: (reason) => controller.abort(reason),
    task: {
      ...{
        id: 'task',
        name: contract.name,
        queue: 'default',
        attempt: 1,
        parentId: null,
        rootId: 'task',
        userId: null,
      },
      signal: controller.signal,
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      progress: (value) => void reported.push(value),
      ...{ retry: unused, snooze: unused, submit: unused },
    },
  };
}
