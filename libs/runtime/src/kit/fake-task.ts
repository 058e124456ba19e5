import { durationMs, hasCode } from '@lovage/foundation';
import {
  isLastAttempt,
  TaskRevokedError,
  validateInput,
  validateProgress,
  type AnyContract,
  type ChildOptions,
  type ChildSubmitted,
  type Input,
  type Output,
  type Progress,
  type SubmitInput,
  type TaskContext,
  type TaskErrorDocument,
} from '@lovage/task';
import {
  LeaseLost,
  RetryRequested,
  IgnoreRequested,
  RejectRequested,
  SnoozeRequested,
  SoftTimeLimitExceeded,
  TimeLimitExceeded,
  WorkerShutdown,
} from '../run/abort-reasons.ts';
import { resultJson } from '../run/attempt.ts';
import { readFailure } from '../run/failure.ts';
import { Once, type Steps } from '../run/once.ts';
import { outcomeOfFailure } from '../run/outcome.ts';

/** Codes that `task.signal.reason` has when a worker aborts it. */
export type AbortCode =
  'soft_time_limit_exceeded' | 'time_limit_exceeded' | 'task_revoked' | 'worker_shutdown' | 'lease_lost';

/** What is told of the task; what is left out is as of a first attempt without a parent. */
export interface FakeTaskOptions extends Partial<
  Pick<TaskContext, 'id' | 'queue' | 'attempt' | 'scheduledFor' | 'parentId' | 'rootId' | 'userId'>
> {
  /** Steps that are done already, by key, as JSON text. Give two attempts the same map: the second finds the steps of the first. */
  readonly steps?: Map<string, string>;
}

/** A child that was submitted. Its input is validated. */
export interface FakeChild {
  readonly name: string;
  readonly input: unknown;
  readonly key: string | undefined;
  readonly options: ChildOptions;
}

/** What a worker makes of the attempt. */
export type TaskEnd<C extends AnyContract> =
  | { readonly state: 'SUCCESS'; readonly result: Output<C> }
  | { readonly state: 'FAILURE' | 'REVOKED'; readonly error: TaskErrorDocument }
  /** It runs again later. `delayMs` is the longest that the policy may wait: a worker draws one up to it, where there is `jitter`. */
  | { readonly state: 'SCHEDULED'; readonly how: 'retry'; readonly delayMs: number; readonly error: TaskErrorDocument }
  | { readonly state: 'SCHEDULED'; readonly how: 'snooze'; readonly delayMs: number }
  /** Released: it runs again at once, on another worker, and costs no attempt. */
  | { readonly state: 'QUEUED' };

/** A task for handlers that a test calls, without a worker, a broker or a database. */
export interface FakeTask<C extends AnyContract> {
  /** For calling the handler by hand. */
  readonly task: TaskContext<C>;
  /** Progress that was reported, each validated. */
  readonly reported: Progress<C>[];
  readonly logged: { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly message: string }[];
  /** Children by parent and key, as the platform keeps them: the same key again is the same child. */
  readonly children: FakeChild[];
  /** Aborts `task.signal`: with the reason that a worker gives, by its code, or with an error. */
  abort(reason: AbortCode | Error): void;
  /** Runs a handler as a worker does: input and output are validated, and what it throws is judged by the contract's policy. */
  run(
    handler: (input: Input<C>, task: TaskContext<C>) => Output<C> | Promise<Output<C>>,
    input: SubmitInput<C>,
  ): Promise<TaskEnd<C>>;
}

const REASONS: Readonly<Record<AbortCode, (contract: AnyContract, id: string) => Error>> = {
  soft_time_limit_exceeded: ({ options }) => new SoftTimeLimitExceeded(options.softTimeLimitMs ?? 0),
  time_limit_exceeded: ({ options }) => new TimeLimitExceeded(options.timeLimitMs ?? 0),
  task_revoked: (_contract, id) => new TaskRevokedError(id),
  worker_shutdown: () => new WorkerShutdown(),
  lease_lost: () => new LeaseLost(),
};

/** Makes a {@link FakeTask}. Its `retry`, `snooze` and `once` are the worker's own; steps are kept in memory. */
export function fakeTask<C extends AnyContract>(contract: C, options: FakeTaskOptions = {}): FakeTask<C> {
  const { steps = new Map<string, string>(), ...given } = options;
  const { id = 'task', attempt = 1 } = given;
  const controller = new AbortController();
  const { signal } = controller;
  const reported: Progress<C>[] = [];
  const children: FakeChild[] = [];
  const logged: FakeTask<C>['logged'] = [];
  const log = (level: (typeof logged)[number]['level']) => (message: string) => void logged.push({ level, message });
  const once = new Once(id, contract, inMemory(steps), () => {
    if (hasCode(signal.reason, 'lease_lost')) throw signal.reason;
  });
  const submit = (child: AnyContract, input: unknown, childOptions: ChildOptions): ChildSubmitted => {
    const { key } = childOptions;
    const valid: unknown = validateInput(child, input);
    const known = children.findIndex(
      ({ name, key: other }) => key !== undefined && name === child.name && other === key,
    );
    const index =
      known >= 0 ? known : children.push({ name: child.name, input: valid, key, options: childOptions }) - 1;
    return { id: `child-${index}`, fresh: known < 0, earlier: known < 0 ? undefined : 'idempotencyKey' };
  };
  const task: TaskContext<C> = {
    ...{
      id,
      attempt,
      name: contract.name as C['name'],
      queue: 'default',
      scheduledFor: null,
      parentId: null,
      rootId: id,
      userId: null,
    },
    ...given,
    isLastAttempt: isLastAttempt(contract.options.retry, attempt - 1),
    signal,
    log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    progress: (value) => void reported.push(validateProgress(contract, value)),
    retry: ({ delay, cause } = {}) => new RetryRequested(delay === undefined ? undefined : durationMs(delay), cause),
    snooze: (delay) => new SnoozeRequested(durationMs(delay)),
    reject: (reason) => new RejectRequested(reason),
    ignore: (reason) => new IgnoreRequested(reason),
    once: (key, fn) => once.do(key, fn),
    submit: async (child, input, childOptions = {}) => submit(child, input, childOptions).id,
    submitMany: async (child, inputs, childOptions = {}) => {
      const made: ChildSubmitted[] = [];
      for await (const input of inputs) {
        signal.throwIfAborted();
        made.push(
          submit(child, input, typeof childOptions === 'function' ? childOptions(input, made.length) : childOptions),
        );
      }
      return made;
    },
  };
  return {
    ...{ task, reported, logged, children },
    abort: (reason) => controller.abort(typeof reason === 'string' ? REASONS[reason](contract, id) : reason),
    run: async (handler, input) => {
      try {
        const output = await handler(validateInput(contract, input), task);
        return { state: 'SUCCESS', result: JSON.parse(resultJson(contract, output)) as Output<C> };
      } catch (thrown) {
        return endOf(contract, thrown, attempt - 1, signal);
      }
    },
  };
}

/** What a failed attempt comes to, as a worker decides it. */
function endOf<C extends AnyContract>(contract: C, thrown: unknown, failures: number, signal: AbortSignal): TaskEnd<C> {
  const failure = readFailure(thrown, contract);
  if (hasCode(signal.reason, 'worker_shutdown') || hasCode(signal.reason, 'lease_lost')) return { state: 'QUEUED' };
  if (hasCode(signal.reason, 'task_revoked')) return { state: 'REVOKED', error: failure.document };
  // The whole wait of the policy: drawn, it would differ from run to run.
  const outcome = outcomeOfFailure(failure, contract.options.retry, failures, () => 1);
  if (outcome.kind !== 'postponed') return { state: 'FAILURE', error: failure.document };
  const { delayMs, error } = outcome;
  return error === null
    ? { state: 'SCHEDULED', how: 'snooze', delayMs }
    : { state: 'SCHEDULED', how: 'retry', delayMs, error };
}

const inMemory = (steps: Map<string, string>): Steps<string> => ({
  find: (_task, key) => Promise.resolve(steps.get(key)),
  keep: (_task, key, value) => {
    if (!steps.has(key)) steps.set(key, value);
    return Promise.resolve(steps.get(key)!);
  },
});
