import { durationMs, mapWindow, plainFields, textOf, type Duration } from '@lovage/foundation';
import type { Log, TaskLogLevel } from '@lovage/ports';
import {
  submitted,
  validateProgress,
  type AnyContract,
  type ChildOptions,
  type ChildSubmitted,
  type TaskContext,
  type TaskLogger,
} from '@lovage/task';
import { IgnoreRequested, LeaseLost, RejectRequested, RetryRequested, SnoozeRequested } from './abort-reasons.ts';
import { Once, type Steps } from './once.ts';
import { storableJson } from './storable.ts';
import { asOwnCode, type RunSubject } from './task-scope.ts';

/** Submits a task on behalf of a running one. */
export type SubmitChild = (
  contract: AnyContract,
  input: unknown,
  parent: { id: string; rootId: string; userId: string | null },
  options: ChildOptions,
) => Promise<ChildSubmitted>;

/**
 * Children of one `submitMany` under way at once. With 250 a fan-out is a tenth faster, other tasks wait nearly four times as long as without it
 * instead of two to three times, and the worker takes half as much memory again (docs/performance.md).
 */
const MANY_AT_ONCE = 150;

/** What a run needs of its surroundings; `S` is what it is given with each call. */
export interface RunServices<S extends RunSubject = RunSubject> {
  readonly log: Log;
  /** Gets progress as JSON text. */
  readonly onProgress: (subject: S, progress: string) => void;
  /** Gets what handlers log, besides {@link log}. */
  readonly onLog?: (subject: S, level: TaskLogLevel, message: string, fields: Record<string, unknown>) => void;
  readonly submitChild: SubmitChild | undefined;
  /** Largest result of a contract that does not say it, bytes as JSON. */
  readonly resultLimit?: number | undefined;
  /** Keeps steps; without it `once` rejects. */
  readonly steps?: Steps<S>;
}

/** The context that one attempt's handler gets. Parts that most handlers never touch are made when first asked for. */
export class TaskRun<S extends RunSubject = RunSubject> implements TaskContext {
  private controller: AbortController | undefined;
  private abortedWith: Error | undefined;
  private taskLog: TaskLogger | undefined;
  private steps: Once<S> | undefined;
  private overWith: Error | undefined;
  private overListeners: Set<(reason: Error) => void> | undefined;

  constructor(
    readonly subject: S,
    private readonly contract: AnyContract,
    private readonly services: RunServices<S>,
  ) {}

  get id(): string {
    return this.subject.id;
  }

  get name(): string {
    return this.contract.name;
  }

  get queue(): string {
    return this.subject.newTask.queue;
  }

  get attempt(): number {
    return this.subject.retries + 1;
  }

  get isLastAttempt(): boolean {
    return this.subject.isLastAttempt;
  }

  get scheduledFor(): Date | null {
    const { scheduledFor } = this.subject;
    return scheduledFor === undefined ? null : new Date(scheduledFor);
  }

  get parentId(): string | null {
    return this.subject.newTask.parentId;
  }

  get rootId(): string {
    return this.subject.newTask.rootId ?? this.subject.id;
  }

  get userId(): string | null {
    return this.subject.newTask.userId;
  }

  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = new AbortController();
      if (this.abortedWith) this.controller.abort(this.abortedWith);
    }
    return this.controller.signal;
  }

  get log(): TaskLogger {
    return (this.taskLog ??= toTaskLogger(
      this.services.log.child({ task: this.subject.id, contract: this.contract.name, attempt: this.attempt }),
      (level, message, fields) => asOwnCode(() => this.services.onLog?.(this.subject, level, message, fields)),
    ));
  }

  progress(value: unknown): void {
    const { contract } = this;
    const progress = storableJson(contract, 'progress', validateProgress(contract, value));
    asOwnCode(() => this.services.onProgress(this.subject, progress));
  }

  retry(options: { delay?: Duration; cause?: unknown } = {}): Error {
    return new RetryRequested(options.delay === undefined ? undefined : waitMs(options.delay), options.cause);
  }

  snooze(delay: Duration): Error {
    return new SnoozeRequested(waitMs(delay));
  }

  reject(reason?: string): Error {
    return new RejectRequested(reason);
  }

  ignore(reason?: string): Error {
    return new IgnoreRequested(reason);
  }

  once<T>(key: string, fn: () => T | Promise<T>): Promise<T> {
    this.steps ??= new Once(this.subject, this.contract, this.services.steps, () => {
      if (this.abortedWith instanceof LeaseLost) throw this.abortedWith;
    });
    return this.steps.do(key, fn);
  }

  // Async, so that its rejection is one of the handler's code also where nobody awaits it.
  async submit(contract: AnyContract, input: unknown, options: ChildOptions = {}): Promise<string> {
    return (await this.submitOne(contract, input, options)).id;
  }

  async submitMany<T>(
    contract: AnyContract,
    inputs: Iterable<T> | AsyncIterable<T>,
    options: ChildOptions | ((input: T, index: number) => ChildOptions) = {},
  ): Promise<ChildSubmitted[]> {
    const optionsOf = typeof options === 'function' ? options : () => options;
    const goOn = () => {
      if (this.abortedWith) throw this.abortedWith;
    };
    const submit = async (input: T, index: number) => this.submitOne(contract, input, optionsOf(input, index));
    return submitted(await mapWindow(inputs, MANY_AT_ONCE, submit, goOn));
  }

  private submitOne(contract: AnyContract, input: unknown, options: ChildOptions): Promise<ChildSubmitted> {
    const { submitChild } = this.services;
    if (!submitChild) return Promise.reject(new Error('this worker was made without a way to submit tasks'));
    const parent = { id: this.id, rootId: this.rootId, userId: this.userId };
    return asOwnCode(() => submitChild(contract, input, parent, options));
  }

  /** Aborts the signal; the first reason stands. */
  abort(reason: Error): void {
    if (this.abortedWith) return;
    this.abortedWith = reason;
    this.controller?.abort(reason);
  }

  /** The attempt is over although its handler has not settled: what can be ended of it ends. The first reason stands. */
  over(reason: Error): void {
    if (this.overWith) return;
    this.overWith = reason;
    for (const listener of this.overListeners ?? []) this.tell(listener, reason);
    this.overListeners = undefined;
  }

  /** Calls `listener` once, when the attempt is {@link over}, or at once when it is; returns how to stop that. */
  onOver(listener: (reason: Error) => void): () => void {
    if (this.overWith) this.tell(listener, this.overWith);
    else (this.overListeners ??= new Set()).add(listener);
    return () => this.overListeners?.delete(listener);
  }

  /** Code of the application runs here: what it throws must not reach the code that ended the attempt. */
  private tell(listener: (reason: Error) => void, reason: Error): void {
    try {
      listener(reason);
    } catch (error) {
      this.log.error('the handler could not be ended in order', { err: error });
    }
  }
}

/**
 * Calls `listener` when the attempt of this context is over without its handler having settled: past its time limit, revoked,
 * released at a stop, or its lease lost. Returns how to stop that.
 */
export function onAttemptOver(task: TaskContext, listener: (reason: Error) => void): () => void {
  return task instanceof TaskRun ? task.onOver(listener) : () => undefined;
}

/** Postgres keeps no time much further away, and nobody means it: ten years, ms. */
const LONGEST_WAIT_MS = 3650 * 24 * 3_600_000;

function waitMs(delay: Duration): number {
  const ms = durationMs(delay);
  if (ms > LONGEST_WAIT_MS) throw new RangeError(`a task cannot wait longer than ten years; asked for ${delay}`);
  return ms;
}

/** Characters of a log line's message, and of its fields. What is longer is cut: a line must neither fail its task nor burden its worker. */
const MAX_LOG_MESSAGE = 8192;
const MAX_LOG_FIELDS = 6000;

function toTaskLogger(
  log: Log,
  keep: (level: TaskLogLevel, message: string, fields: Record<string, unknown>) => void,
): TaskLogger {
  const writer =
    (level: TaskLogLevel) =>
    (message: string, fields?: Record<string, unknown>): void => {
      const text = textOf(message, MAX_LOG_MESSAGE);
      const plain = fields === undefined ? {} : plainFields(fields, { maxChars: MAX_LOG_FIELDS });
      log[level](plain, text);
      keep(level, text, plain);
    };
  return { debug: writer('debug'), info: writer('info'), warn: writer('warn'), error: writer('error') };
}
