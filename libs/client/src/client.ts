import { taskIdOf } from '@lovage/celery';
import { mapWindow, TaskRoutes, type RouteRule, type Service } from '@lovage/foundation';
import {
  isSqlTransaction,
  systemClock,
  type Broker,
  type Clock,
  type Log,
  type OutboxStore,
  type RowGaps,
  type RevokedTask,
  type RevokeOutcome,
  type TaskFilter,
  type TaskLists,
  type SqlTransaction,
  type TaskStore,
} from '@lovage/ports';
import { submitted, type AnyContract, type ContractRegistry, type Output, type SubmitInput } from '@lovage/task';
import { ClientStoppedError, ResultTimeoutError, SubmitOptionsError } from './errors.ts';
import { ClientTaskHandle, timeoutOf, type CallOptions, type HandleContext, type TaskHandle } from './handle.ts';
import { typedClient, type TypedClient } from './proxy.ts';
import { Revoker, type RevokeManyOptions, type RevokeOptions, type RevokeReport } from './revoke/revoker.ts';
import type { SubmitOptions } from './submit/options.ts';
import { prepare, prepareForeign, type ForeignTask, type PreparedTask } from './submit/prepare.ts';
import { Submitter } from './submit/submitter.ts';
import { ClientInbox } from './wait/client-inbox.ts';
import { valueOf } from './wait/outcome.ts';
import { waitFor } from './wait/wait.ts';
import { PLAN_POLL, PLAN_REPLY } from './wait/watch.ts';
import { WatchList } from './wait/watch-list.ts';

/** Submits of one `submitMany` under way at once: batches are full, and memory does not grow with their number. */
const MANY_AT_ONCE = 1000;

export interface LovageClientOptions {
  /** Started and stopped by the one who made it. */
  readonly broker: Broker;
  readonly tasks: TaskStore;
  readonly outbox: OutboxStore;
  /**
   * Tells other processes when rows of tasks that this one has accepted are not written yet, for Postgres was away. Without it a
   * gateway answers 404 for such a task until its row is there.
   */
  readonly gaps?: RowGaps;
  /** Finds tasks by a filter, for {@link LovageClient.revoke}; without it tasks are revoked by id alone. */
  readonly lists?: Pick<TaskLists, 'list'>;
  /** Contracts that may be submitted by name; their queues, and `queues`, may be declared. */
  readonly contracts: ContractRegistry;
  /** Further queues to declare when they are first used. */
  readonly queues?: readonly string[];
  /**
   * Where tasks go by their names, when a submit names no queue: the first rule that fits wins over the contract's queue. Give
   * all processes the same, as `TASK_ROUTES` does. Default: none.
   */
  readonly routes?: TaskRoutes | readonly RouteRule[];
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/**
 * Submits tasks and waits for them: the producer's side of the platform. One a process; it may be used by any number of
 * callers at once. See docs/client.md.
 */
export class LovageClient implements Service {
  private readonly clock: Clock;
  private readonly submitter: Submitter;
  private readonly watches: WatchList;
  private readonly inbox: ClientInbox;
  private readonly revoker: Revoker;
  private readonly context: HandleContext;
  private readonly routes: TaskRoutes;
  private stopping: Promise<void> | undefined;

  /** @throws RangeError a route that cannot work. */
  constructor(private readonly options: LovageClientOptions) {
    const { broker, tasks, outbox, lists, contracts, routes = TaskRoutes.none, log, clock = systemClock } = options;
    this.clock = clock;
    this.routes = routes instanceof TaskRoutes ? routes : new TaskRoutes(routes);
    const ofContracts = contracts.list().map((contract) => contract.options.queue);
    const queues = new Set([...ofContracts, ...this.routes.queues, ...(options.queues ?? [])]);
    this.watches = new WatchList({ tasks, clock, log });
    this.inbox = new ClientInbox(broker, this.watches, log, clock);
    this.revoker = new Revoker({ tasks, lists, broker, watches: this.watches, clock });
    const onReplaced = (task: RevokedTask) => this.revoker.settle(task);
    this.submitter = new Submitter({ broker, tasks, outbox, gaps: options.gaps, queues, log, clock, onReplaced });
    this.context = { tasks, contracts, clock, watches: this.watches, revoker: this.revoker };
  }

  /** Nothing to wait for: queues and the reply inbox are opened when first used. */
  start(): Promise<void> {
    return this.stopping ? Promise.reject(new ClientStoppedError()) : Promise.resolve();
  }

  /** Whether this task was accepted here and its row is not written, for Postgres is away. */
  keepsRow(id: string): boolean {
    return this.submitter.keepsRow(id);
  }

  /**
   * Rejects those who still wait, ends the submits under way (for two seconds at most), writes their rows and closes the inbox. The
   * broker and the stores stay open.
   */
  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  /**
   * A typed client of some contracts: `const math = lovage.client({ divide, add }); await math.divide({ x: 1, y: 2 })`.
   */
  client<T extends Readonly<Record<string, AnyContract>>>(contracts: T): TypedClient<T> {
    return typedClient(this, contracts);
  }

  /**
   * Submits a task. Resolves once it cannot be lost, whatever is restarted.
   * @throws InputInvalidError SubmitOptionsError before anything is sent.
   * @throws IdempotencyKeyReusedError
   * @throws TaskNotUniqueError another task of the same work conflicts, and the rule is to reject.
   * @throws UnroutableError no worker has ever served that queue, and no contract or route here names it.
   * @throws PublishRefusedError the broker answered no.
   * @throws StoreUnavailableError the task needs Postgres first (key, delay, unique, or the broker is away) and it is away.
   * @throws ConfirmLostError broker and Postgres went away in the middle: the task may run or not.
   */
  async submit<C extends AnyContract>(
    contract: C,
    input: SubmitInput<C>,
    options?: SubmitOptions,
  ): Promise<TaskHandle<C>> {
    const replyTo = await this.replyAddress(options?.awaitReply ?? true);
    return this.send(prepare(contract, input, options, this.sending(replyTo)), contract);
  }

  /**
   * Submits a task within a transaction of the caller's, on the database that Lovage keeps its tables in: rolled back, it never
   * was; committed, it runs, whichever process dies. Wait for it after the commit only.
   * @param transaction a client of `pg` after `begin`, or the client that Prisma hands to an interactive transaction.
   * @throws InputInvalidError SubmitOptionsError IdempotencyKeyReusedError TaskNotUniqueError UnroutableError; and what the
   *   transaction throws.
   */
  async submitIn<C extends AnyContract>(
    transaction: SqlTransaction,
    contract: C,
    input: SubmitInput<C>,
    options?: SubmitOptions,
  ): Promise<TaskHandle<C>> {
    if (!isSqlTransaction(transaction))
      throw new SubmitOptionsError(
        'transaction',
        'must be a client of pg in a transaction, or what Prisma hands to an interactive one; a pool or a whole Prisma client runs each statement for itself',
      );
    const replyTo = await this.replyAddress(options?.awaitReply ?? true);
    const task = prepare(contract, input, options, this.sending(replyTo));
    const { id, fresh, earlier, state } = await this.submitter.submitIn(transaction, task);
    const kept = fresh ? { task: task.row, state } : undefined;
    // Not known to exist before the commit: a caller that waits too early, or after a rollback, is told so.
    return new ClientTaskHandle(this.context, {
      ...{ id, fresh, earlier, submitted: kept, contract, own: false },
      replies: fresh && replyTo !== undefined,
    });
  }

  /**
   * Submits many tasks of one contract, some hundred at a time, so that any number of them takes little memory: `inputs` may be a
   * generator. Each stands for itself; handles come in the order of the inputs and do not keep what was submitted.
   * @param options for all of them, or a function that gives those of each.
   * @throws SubmitManyError some were not submitted, the others were; `outcomes` tells which, and why.
   */
  async submitMany<C extends AnyContract>(
    contract: C,
    inputs: Iterable<SubmitInput<C>> | AsyncIterable<SubmitInput<C>>,
    options?: SubmitOptions | ((input: SubmitInput<C>, index: number) => SubmitOptions),
  ): Promise<TaskHandle<C>[]> {
    const optionsOf = typeof options === 'function' ? options : () => options;
    const outcomes = await mapWindow(inputs, MANY_AT_ONCE, async (input, index) => {
      const given = optionsOf(input, index);
      const replyTo = await this.replyAddress(given?.awaitReply ?? true);
      return this.send(prepare(contract, input, given, this.sending(replyTo)), contract, false);
    });
    return submitted(outcomes);
  }

  /** The same as {@link submit}, in Celery's word. */
  delay<C extends AnyContract>(contract: C, input: SubmitInput<C>, options?: SubmitOptions): Promise<TaskHandle<C>> {
    return this.submit(contract, input, options);
  }

  /** The same as {@link submit}, in Celery's word. */
  apply<C extends AnyContract>(contract: C, input: SubmitInput<C>, options?: SubmitOptions): Promise<TaskHandle<C>> {
    return this.submit(contract, input, options);
  }

  /** Submits by name, for input whose type is not known here; it is validated all the same. @throws ContractUnknownError and what {@link submit} throws. */
  async submitByName(name: string, input: unknown, options?: SubmitOptions): Promise<TaskHandle> {
    return this.submit(this.options.contracts.get(name), input as SubmitInput<AnyContract>, options);
  }

  /** Submits a task of another Celery application, whose contract is not known here, to a queue that its workers serve. */
  async submitForeign(task: ForeignTask, options: SubmitOptions & { queue: string }): Promise<TaskHandle> {
    const replyTo = await this.replyAddress(options.awaitReply ?? true);
    return this.send(prepareForeign(task, options, this.sending(replyTo)), undefined);
  }

  /**
   * Submits a task and waits for what its handler returns.
   * @throws DeclaredError typed by the contract; TaskFailedError TaskRevokedError TaskExpiredError ResultTimeoutError; and
   *   what {@link submit} throws.
   */
  async call<C extends AnyContract>(contract: C, input: SubmitInput<C>, options?: CallOptions): Promise<Output<C>> {
    const { timeout, signal, ...rest } = options ?? {};
    const submitOptions: SubmitOptions | undefined = options && rest;
    signal?.throwIfAborted();
    // The task may be an earlier one, of another id.
    const mayBeEarlier =
      submitOptions?.idempotencyKey !== undefined ||
      (submitOptions?.unique ?? contract.options.unique ?? false) !== false;
    if (mayBeEarlier) return (await this.submit(contract, input, submitOptions)).result({ timeout, signal });
    const replyTo = await this.replyAddress(true);
    // Given up while the inbox was opened: then nothing is sent.
    signal?.throwIfAborted();
    const task = prepare(contract, input, submitOptions, this.sending(replyTo));
    // Listening before sending: the reply of a fast worker would come to nobody.
    const waiting = waitFor(this.watches, this.clock, task.row.id, {
      timeoutMs: timeoutOf(timeout),
      signal,
      plan: replyTo === undefined ? PLAN_POLL : PLAN_REPLY,
      mustExist: false,
    });
    let accepted = false;
    let refused: { readonly error: unknown } | undefined;
    const sent = this.submitter.submit(task).then(
      () => void (accepted = true),
      (error: unknown) => {
        refused = { error };
        waiting.cancel(error);
      },
    );
    try {
      return valueOf((await waiting.ended).outcome, task.row.id, contract);
    } catch (error) {
      if (error instanceof ResultTimeoutError && !accepted)
        throw new ResultTimeoutError(error.taskId, error.timeoutMs, false);
      if (!(error instanceof ClientStoppedError)) throw error;
      // The stop waits for submits under way, as long as it can.
      await Promise.race([sent, this.stopping]);
      if (refused) throw refused.error;
      throw new ClientStoppedError(task.row.id, accepted);
    }
  }

  /** A task by its id, also one that was submitted elsewhere. With the contract its result and errors are typed. */
  handle<C extends AnyContract = AnyContract>(id: string, contract?: C): TaskHandle<C> {
    return new ClientTaskHandle<C>(this.context, {
      id: taskIdOf(id),
      fresh: false,
      contract,
      replies: false,
      own: false,
    });
  }

  /**
   * Cancels a task: at once if it waits, through its signal if it runs. Callers that wait for it are told.
   * @throws StoreUnavailableError
   */
  revoke(id: string, options?: RevokeOptions): Promise<RevokeOutcome>;
  /** The same of many tasks: by their ids, or of all live ones that match a filter, in batches. @throws StoreUnavailableError */
  revoke(tasks: readonly string[] | TaskFilter, options?: RevokeManyOptions): Promise<RevokeReport>;
  revoke(
    tasks: string | readonly string[] | TaskFilter,
    options: RevokeManyOptions = {},
  ): Promise<RevokeOutcome | RevokeReport> {
    if (typeof tasks === 'string') return this.revoker.one(taskIdOf(tasks), options);
    if (isIds(tasks)) return this.revoker.many(tasks.map(taskIdOf), options);
    return this.revoker.matching(tasks, options);
  }

  /** The inbox's address when a reply is wanted and can be had. */
  private async replyAddress(wanted: boolean): Promise<string | undefined> {
    if (this.stopping) throw new ClientStoppedError();
    if (!wanted) return undefined;
    if (this.inbox.address === undefined) {
      await this.inbox.open();
      // Stopped meanwhile: `stopping` is not what it was.
      if (this.stopping as Promise<void> | undefined) throw new ClientStoppedError();
    }
    return this.inbox.address;
  }

  private sending(replyTo: string | undefined) {
    const { deadLetterQueue: closedQueue } = this.options.broker;
    return { now: this.clock.now(), replyTo, routes: this.routes, closedQueue };
  }

  private async send<C extends AnyContract>(
    task: PreparedTask,
    contract: C | undefined,
    keep = true,
  ): Promise<TaskHandle<C>> {
    const { id, fresh, earlier, state } = await this.submitter.submit(task);
    // An earlier submit of the key may have asked for no reply, or in another process.
    const replies = fresh && task.stored.replyTo !== undefined;
    const kept = fresh && keep ? { task: task.row, state } : undefined;
    return new ClientTaskHandle(this.context, { id, fresh, earlier, submitted: kept, contract, replies, own: true });
  }

  private async end(): Promise<void> {
    this.watches.stop();
    await this.submitter.stop();
    await this.inbox.stop();
  }
}

const isIds = (tasks: readonly string[] | TaskFilter): tasks is readonly string[] => Array.isArray(tasks);
