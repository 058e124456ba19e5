import type { AnyContract, ChildOptions, ChildSubmitted, Progress, TaskContext } from '@lovage/task';

/** A context for calling a handler by hand: what it reports is in `reported`, what it submits in `children`, `abort` ends it. */
export interface FakeTask<C extends AnyContract> {
  readonly task: TaskContext<C>;
  readonly reported: Progress<C>[];
  /** Children by parent and key, as the platform keeps them. */
  readonly children: { readonly name: string; readonly input: unknown; readonly key: string | undefined }[];
  abort(reason: Error): void;
}

export function fakeTask<C extends AnyContract>(contract: C): FakeTask<C> {
  const reported: Progress<C>[] = [];
  const controller = new AbortController();
  const unused = (): never => {
    throw new Error('not expected of this handler');
  };
  const children: FakeTask<C>['children'] = [];
  const quiet = () => undefined;
  const submit = (name: string, input: unknown, { key }: ChildOptions): ChildSubmitted => {
    const known = children.findIndex((child) => child.key !== undefined && child.key === key);
    const index = known >= 0 ? known : children.push({ name, input, key }) - 1;
    return { id: `child-${index}`, fresh: known < 0, earlier: known < 0 ? undefined : 'idempotencyKey' };
  };
  return {
    reported,
    children,
    abort: (reason) => controller.abort(reason),
    task: {
      ...{
        id: 'task',
        name: contract.name,
        queue: 'default',
        attempt: 1,
        isLastAttempt: false,
        scheduledFor: null,
        parentId: null,
        rootId: 'task',
        userId: null,
      },
      signal: controller.signal,
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      progress: (value) => void reported.push(value),
      ...{ retry: unused, snooze: unused },
      once: async (_key, fn) => fn(),
      submit: async (child, input, options = {}) => submit(child.name, input, options).id,
      submitMany: async (child, inputs, options = {}) => {
        const made: ChildSubmitted[] = [];
        for await (const input of inputs)
          made.push(submit(child.name, input, typeof options === 'function' ? options(input, made.length) : options));
        return made;
      },
    },
  };
}
