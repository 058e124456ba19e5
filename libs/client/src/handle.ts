import { durationMs, type Duration } from '@lovage/foundation';
import type { Clock, NewTask, RevokeOutcome, TaskRow, TaskStore } from '@lovage/ports';
import type { AnyContract, ContractRegistry, EarlierBy, Output, Progress, TaskState } from '@lovage/task';
import { ResultTimeoutError, SubmitOptionsError, TaskUnknownError } from './errors.ts';
import type { Revoker, RevokeOptions } from './revoke/revoker.ts';
import type { SubmitOptions } from './submit/options.ts';
import type { SubmittedState } from './submit/submitter.ts';
import { valueOf, type TaskOutcome } from './wait/outcome.ts';
import { progressOf } from './wait/progress.ts';
import { waitFor, type EndedOutcome } from './wait/wait.ts';
import { PLAN_LATE, PLAN_POLL } from './wait/watch.ts';
import type { WatchList } from './wait/watch-list.ts';

export interface ResultOptions {
  /** Longest wait; then {@link ResultTimeoutError}, and the task goes on. Default: until the task ends. */
  readonly timeout?: Duration;
  /** Gives up the wait, not the task; rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** How to submit a task whose result is waited for. */
export interface CallOptions extends Omit<SubmitOptions, 'awaitReply'>, ResultOptions {}

/** A task as this process has just submitted it: what its row holds, without reading it. */
export interface SubmittedTask {
  readonly task: NewTask;
  /** When the submit had ended; it may have gone on since. */
  readonly state: SubmittedState;
}

/** A task that was submitted: what became of it, and how to steer it. Holds nothing: thousands may be made and dropped. */
export interface TaskHandle<C extends AnyContract = AnyContract> {
  readonly id: string;
  /** False: it was there before this submit, which made no other; {@link earlier} tells why. */
  readonly fresh: boolean;
  /** `idempotencyKey`: an earlier submit of the key made it. `unique`: it is the same work, and conflicts. */
  readonly earlier: EarlierBy | undefined;
  /** What was submitted; undefined unless {@link fresh}. */
  readonly submitted: SubmittedTask | undefined;
  /** @throws TaskUnknownError StoreUnavailableError */
  state(): Promise<TaskState>;
  /**
   * What the handler returns.
   * @throws DeclaredError typed by the contract; TaskFailedError TaskRevokedError TaskExpiredError; ResultTimeoutError;
   *   TaskUnknownError for an id from elsewhere that nobody recorded.
   */
  result(options?: ResultOptions): Promise<Output<C>>;
  /** The same as {@link result}, in Celery's word. */
  get(options?: ResultOptions): Promise<Output<C>>;
  /** How it ended; undefined when it has not within the time. Never throws for a task that failed. */
  outcome(options: { timeoutMs: number; signal?: AbortSignal }): Promise<TaskOutcome | undefined>;
  /** Its row once it has ended; undefined when it has not within the time, or keeps no row. */
  settled(options: { timeoutMs: number; signal?: AbortSignal }): Promise<TaskRow | undefined>;
  /** What it reports, from now until it ends; then the iteration is over, however it ended. */
  progress(options?: { signal?: AbortSignal }): AsyncIterable<Progress<C>>;
  /** Cancels it: at once if it waits, through its signal if it runs. @throws StoreUnavailableError */
  revoke(options?: RevokeOptions): Promise<RevokeOutcome>;
}

/** What handles share. */
export interface HandleContext {
  readonly tasks: TaskStore;
  readonly contracts: ContractRegistry;
  readonly clock: Clock;
  readonly watches: WatchList;
  readonly revoker: Revoker;
}

export interface HandleData<C extends AnyContract> {
  readonly id: string;
  readonly fresh: boolean;
  readonly earlier?: EarlierBy;
  readonly submitted?: SubmittedTask;
  readonly contract: C | undefined;
  /** This process's inbox gets the reply. */
  readonly replies: boolean;
  /** It was submitted here, so it exists. */
  readonly own: boolean;
}

export class ClientTaskHandle<C extends AnyContract> implements TaskHandle<C> {
  readonly id: string;
  readonly fresh: boolean;
  readonly earlier: EarlierBy | undefined;
  readonly submitted: SubmittedTask | undefined;

  // Hard-private, so that a handle in a console or a log shows what it is, not all that the client holds.
  readonly #context: HandleContext;
  readonly #data: HandleData<C>;

  constructor(context: HandleContext, data: HandleData<C>) {
    this.#context = context;
    this.#data = data;
    this.id = data.id;
    this.fresh = data.fresh;
    this.earlier = data.earlier;
    this.submitted = data.submitted;
  }

  async state(): Promise<TaskState> {
    const row = await this.#context.tasks.get(this.id);
    if (!row) throw new TaskUnknownError(this.id);
    return row.state;
  }

  async result(options: ResultOptions = {}): Promise<Output<C>> {
    const { timeout, signal } = options;
    const { outcome, row } = await this.wait(timeoutOf(timeout), signal);
    const contract = this.#data.contract ?? ((row && this.#context.contracts.find(row.name)) as C | undefined);
    return valueOf(outcome, this.id, contract);
  }

  get(options?: ResultOptions): Promise<Output<C>> {
    return this.result(options);
  }

  async outcome(options: { timeoutMs: number; signal?: AbortSignal }): Promise<TaskOutcome | undefined> {
    return (await this.endedWithin(options))?.outcome;
  }

  async settled(options: { timeoutMs: number; signal?: AbortSignal }): Promise<TaskRow | undefined> {
    const ended = await this.endedWithin(options);
    return ended && (ended.row ?? (await this.#context.tasks.get(this.id)));
  }

  progress(options: { signal?: AbortSignal } = {}): AsyncIterable<Progress<C>> {
    const { watches } = this.#context;
    const values = progressOf(watches, this.id, {
      plan: this.plan,
      mustExist: !this.#data.own,
      signal: options.signal,
    });
    return values as AsyncIterable<Progress<C>>;
  }

  revoke(options: RevokeOptions = {}): Promise<RevokeOutcome> {
    return this.#context.revoker.one(this.id, options);
  }

  private get plan(): readonly number[] {
    return this.#data.replies ? PLAN_LATE : PLAN_POLL;
  }

  private wait(timeoutMs: number | undefined, signal: AbortSignal | undefined): Promise<EndedOutcome> {
    const { watches, clock } = this.#context;
    return waitFor(watches, clock, this.id, { timeoutMs, signal, plan: this.plan, mustExist: !this.#data.own }).ended;
  }

  private async endedWithin(options: { timeoutMs: number; signal?: AbortSignal }): Promise<EndedOutcome | undefined> {
    try {
      return await this.wait(options.timeoutMs, options.signal);
    } catch (error) {
      if (error instanceof ResultTimeoutError || error instanceof TaskUnknownError) return undefined;
      throw error;
    }
  }
}

/** @throws SubmitOptionsError */
export function timeoutOf(timeout: Duration | undefined): number | undefined {
  try {
    // Node.js takes a timer beyond 2^31 ms for one of 1 ms.
    return timeout === undefined ? undefined : Math.min(durationMs(timeout), 2 ** 31 - 1);
  } catch (error) {
    throw new SubmitOptionsError('timeout', (error as Error).message, { cause: error });
  }
}
