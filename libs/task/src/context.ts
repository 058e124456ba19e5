import type { Duration } from '@lovage/foundation';
import type { AnyContract, Progress, SubmitInput } from './contract.ts';
import type { EarlierBy, TaskSubmitOptions } from './options/submit-options.ts';

/** Log lines tied to the task: each carries its id, name and attempt. */
export interface TaskLogger {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** How a child is submitted: as any task, and under a name among its parent's children. */
export interface ChildOptions extends TaskSubmitOptions {
  /**
   * Names the child among those of its parent and contract, 1 to 1,000 characters. Not together with `idempotencyKey`, which names it among
   * all tasks of its user and contract.
   */
  readonly key?: string;
}

/** A child that was submitted. */
export interface ChildSubmitted {
  readonly id: string;
  /** False: it was there before; {@link earlier} tells why. */
  readonly fresh: boolean;
  readonly earlier: EarlierBy | undefined;
}

/** What a handler knows of the task it runs, and may do besides returning a result. */
export interface TaskContext<C extends AnyContract = AnyContract> {
  readonly id: string;
  readonly name: C['name'];
  readonly queue: string;
  /** 1 for the first. */
  readonly attempt: number;
  /**
   * Whatever this attempt fails with, there is no other one. False: a failure of a kind that is retried is followed by another. A snooze and a
   * worker that dies cost no attempt, so a last attempt may run again.
   */
  readonly isLastAttempt: boolean;
  /**
   * The moment of the schedule that it was made for, however late it runs; of one that somebody ran by hand, when they did. Null: no schedule made
   * it. A task that is retried by people keeps it.
   */
  readonly scheduledFor: Date | null;
  readonly parentId: string | null;
  readonly rootId: string;
  /** Id of the user who submitted it, if one did. */
  readonly userId: string | null;
  /**
   * Aborted when the attempt should end; `signal.reason.code` says why: `soft_time_limit_exceeded`,
   * `time_limit_exceeded`, `task_revoked`, `worker_shutdown` or `lease_lost`. Pass it on to what you await.
   */
  readonly signal: AbortSignal;
  readonly log: TaskLogger;
  /** Reports progress, seen by everyone who watches the task. Validated by the contract's `progress` schema. */
  progress(value: Progress<C>): void;
  /** `throw task.retry()`: ends this attempt as failed and runs the task again, by the contract's policy or after `delay`. */
  retry(options?: { delay?: Duration; cause?: unknown }): Error;
  /** `throw task.snooze('1m')`: runs the task again later; costs no attempt. */
  snooze(delay: Duration): Error;
  /**
   * `throw task.reject('why')`: ends the task as `FAILURE` `Reject`, whatever its policy; Celery's `Reject`. Celery's callers get no result, its
   * monitors `task-rejected`; nothing that its message names for after it is sent.
   */
  reject(reason?: string): Error;
  /** `throw task.ignore('why')`: the same as `FAILURE` `Ignore`, of which Celery's monitors hear nothing either; Celery's `Ignore`. */
  ignore(reason?: string): Error;
  /**
   * Does a step of the task and remembers what it came to: once that is recorded, neither this attempt nor a later one, on
   * whatever worker, does it again; they get the recorded value, as JSON makes it. `fn` itself runs **at least** once: a
   * worker that dies between it and the record leaves nothing behind. So it belongs around what must not be done twice and can
   * be asked for by a key of its own, such as a payment with an idempotency key.
   *
   * A key has 1 to 200 characters, a value at most 64 KiB as JSON, a task at most 1,000 steps. A step whose `fn` fails is not
   * recorded. Needs `record: 'full'`.
   * @throws StepInvalidError StepsUnavailableError; LeaseLost when another worker may run the task by now: nothing is recorded.
   */
  once<T>(key: string, fn: () => T | Promise<T>): Promise<T>;
  /**
   * Submits a child task: its `parentId` is this task. Resolves to its id once it cannot be lost.
   * With a `key`, a handler that runs again gets the child that it submitted before, for 24 hours; without one it
   * submits another. The same key with other input or other options is an `idempotency_key_reused` error.
   */
  submit<D extends AnyContract>(contract: D, input: SubmitInput<D>, options?: ChildOptions): Promise<string>;
  /**
   * Submits many children of one contract, some hundred at a time, so that any number of them takes little memory: `inputs` may be
   * a generator. Each stands for itself; what came of them is in the order of the inputs.
   * @param options for all of them, or a function that gives those of each, such as a `key`.
   * @throws SubmitManyError some were not submitted, the others were; `outcomes` tells which. The reason of {@link signal}, when that was
   *   aborted meanwhile: no further ones are submitted then.
   */
  submitMany<D extends AnyContract>(
    contract: D,
    inputs: Iterable<SubmitInput<D>> | AsyncIterable<SubmitInput<D>>,
    options?: ChildOptions | ((input: SubmitInput<D>, index: number) => ChildOptions),
  ): Promise<ChildSubmitted[]>;
}
