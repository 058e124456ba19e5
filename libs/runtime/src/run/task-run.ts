import { durationMs, type Duration } from '@lovage/foundation';
import type { Log, TaskLogLevel } from '@lovage/ports';
import { validateProgress, type AnyContract, type ChildOptions, type TaskContext, type TaskLogger } from '@lovage/task';
import type { TaskEntry } from '../entry.ts';
import { RetryRequested, SnoozeRequested } from './abort-reasons.ts';

/** Submits a task on behalf of a running one. */
export type SubmitChild = (
  contract: AnyContract,
  input: unknown,
  parent: { id: string; rootId: string; userId: string | null },
  options: ChildOptions,
) => Promise<string>;

/** What a run needs of its worker. */
export interface RunServices {
  readonly log: Log;
  readonly onProgress: (entry: TaskEntry, progress: unknown) => void;
  /** Gets what handlers log, besides {@link log}. */
  readonly onLog?: (entry: TaskEntry, level: TaskLogLevel, message: string, fields: Record<string, unknown>) => void;
  readonly submitChild: SubmitChild | undefined;
}

/** The context that one attempt's handler gets. Parts that most handlers never touch are made when first asked for. */
export class TaskRun implements TaskContext {
  private controller: AbortController | undefined;
  private abortedWith: Error | undefined;
  private taskLog: TaskLogger | undefined;

  constructor(
    private readonly entry: TaskEntry,
    private readonly contract: AnyContract,
    private readonly services: RunServices,
  ) {}

  get id(): string {
    return this.entry.id;
  }

  get name(): string {
    return this.contract.name;
  }

  get queue(): string {
    return this.entry.facts.queue;
  }

  get attempt(): number {
    return this.entry.retries + 1;
  }

  get parentId(): string | null {
    return this.entry.facts.parentId;
  }

  get rootId(): string {
    return this.entry.facts.rootId ?? this.entry.id;
  }

  get userId(): string | null {
    return this.entry.facts.userId;
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
      this.services.log.child({ task: this.entry.id, contract: this.contract.name, attempt: this.attempt }),
      (level, message, fields) => this.services.onLog?.(this.entry, level, message, fields),
    ));
  }

  progress(value: unknown): void {
    this.services.onProgress(this.entry, validateProgress(this.contract, value));
  }

  retry(options: { delay?: Duration; cause?: unknown } = {}): Error {
    return new RetryRequested(options.delay === undefined ? undefined : durationMs(options.delay), options.cause);
  }

  snooze(delay: Duration): Error {
    return new SnoozeRequested(durationMs(delay));
  }

  submit(contract: AnyContract, input: unknown, options: ChildOptions = {}): Promise<string> {
    if (!this.services.submitChild)
      return Promise.reject(new Error('this worker was made without a way to submit tasks'));
    const parent = { id: this.id, rootId: this.rootId, userId: this.userId };
    return this.services.submitChild(contract, input, parent, options);
  }

  /** Why the signal was aborted, if it was. */
  get abortReason(): Error | undefined {
    return this.abortedWith;
  }

  /** Aborts the signal; the first reason stands. */
  abort(reason: Error): void {
    if (this.abortedWith) return;
    this.abortedWith = reason;
    this.controller?.abort(reason);
  }
}

function toTaskLogger(
  log: Log,
  keep: (level: TaskLogLevel, message: string, fields: Record<string, unknown>) => void,
): TaskLogger {
  const writer =
    (level: TaskLogLevel) =>
    (message: string, fields: Record<string, unknown> = {}): void => {
      log[level](fields, message);
      keep(level, message, fields);
    };
  return { debug: writer('debug'), info: writer('info'), warn: writer('warn'), error: writer('error') };
}
