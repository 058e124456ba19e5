import { deferred, Lifecycle, isError, Signal, textOf, type Service } from '@lovage/foundation';
import {
  systemClock,
  type Broker,
  type Clock,
  type ConsumptionHealth,
  type ContractStore,
  type DeadLetterStore,
  type Delivery,
  type EscapedKind,
  type LimitStore,
  type Log,
  type MessageHoldings,
  type OutboxStore,
  type OutgoingMessage,
  type QueueStore,
  type StepStore,
  type TaskLogSink,
  type TaskRow,
  type TaskStore,
  type WorkerLease,
  type WorkerWork,
} from '@lovage/ports';
import type { AnyContract } from '@lovage/task';
import { Claimer } from './claim/claimer.ts';
import { LimitOverrides } from './claim/limit-overrides.ts';
import { LimitedClaims } from './claim/limited-claims.ts';
import { PassOn } from './claim/pass-on.ts';
import { Quarantine } from './claim/quarantine.ts';
import { RefusedClaims } from './claim/refused.ts';
import type { TaskEntry } from './entry.ts';
import type { HandlerTable } from './handlers.ts';
import { HeldTasks } from './intake/held-tasks.ts';
import { HoldingsReport } from './intake/holdings-report.ts';
import { admit } from './intake/intake.ts';
import { MalformedMessages, type Malformed } from './intake/malformed.ts';
import { prefetchFor } from './intake/prefetch.ts';
import { PutOffs } from './intake/put-offs.ts';
import { QueueConsumers } from './intake/queue-consumers.ts';
import { compileWorkerOptions, type CompiledWorkerOptions, type WorkerOptions } from './options.ts';
import { endedAttempt, type EndedAttempt } from './record/ended-attempt.ts';
import { FailureLog } from './record/failure-log.ts';
import { HeldInputs } from './record/held-inputs.ts';
import { HandOver } from './record/hand-over.ts';
import { LogWriter } from './record/log-writer.ts';
import { ProgressWriter } from './record/progress-writer.ts';
import { Recorder } from './record/recorder.ts';
import { Replies } from './record/replies.ts';
import { UnclaimedEnds } from './record/unclaimed-ends.ts';
import type { ChildCounts } from './pools/pool.ts';
import { Pools } from './pools/pools.ts';
import { CancelWatch } from './run/cancel-watch.ts';
import { Executor } from './run/executor.ts';
import { RELEASED, type Outcome } from './run/outcome.ts';
import { Starter } from './run/starter.ts';
import { EscapedErrors } from './run/escaped-errors.ts';
import type { SubmitChild } from './run/task-run.ts';
import { runsInScope } from './run/task-scope.ts';
import { TaskSteps } from './run/task-steps.ts';
import { ServedSchemas } from './served-schemas.ts';
import { StoreRetry } from './store-retry.ts';
import { UnderWay } from './under-way.ts';

export interface WorkerDeps {
  readonly broker: Broker;
  readonly tasks: TaskStore;
  /**
   * Proof of life; its `onLost` must call {@link TaskWorker.leaseLost}. The worker starts and stops it.
   */
  readonly lease: WorkerLease;
  readonly handlers: HandlerTable;
  readonly log: Log;
  /** Keeps what handlers log with their tasks; without it `task.log` goes to {@link log} alone. */
  readonly logs?: TaskLogSink;
  /** Keeps the steps of tasks; without it `task.once` rejects. */
  readonly steps?: StepStore;
  /** Knows which queues are paused; without it none is. */
  readonly queues?: Pick<QueueStore, 'paused'>;
  /** Asks which messages it holds; without it the queues of this worker are not searched for lost messages. */
  readonly holdings?: MessageHoldings;
  /** Concurrency and rate limits over all workers; without it none holds. */
  readonly limits?: LimitStore;
  /**
   * Holds tasks for redrive whose input was made for another version of the contract and fits no rule; without it they end, and the broker
   * gets their messages as dead letters.
   */
  readonly deadLetters?: Pick<DeadLetterStore, 'hold'>;
  /** Remembers which input schemas were served; without it every other schema is taken for one of the past. */
  readonly contracts?: Pick<ContractStore, 'served' | 'past'>;
  /** With {@link messageOf}: slots that come free here are handed over at once; without them the relay sends who gets one. */
  readonly outbox?: Pick<OutboxStore, 'published' | 'release'>;
  /** Makes the message of a row: `messageOfRow` of libs/client. */
  readonly messageOf?: (row: TaskRow) => OutgoingMessage;
  readonly clock?: Clock;
  /** Lets handlers submit tasks; without it `task.submit` rejects. */
  readonly submitChild?: SubmitChild;
  /** Contracts that handlers in children may submit. Default: those that this worker serves. */
  readonly contract?: (name: string) => AnyContract | undefined;
}

/** What a worker tells about its work. */
export interface WorkerSignals {
  /** A task is settled with store and broker. */
  readonly settled: Signal<{ id: string; outcome: Outcome['kind'] | 'passed_on' }>;
  /** An attempt is recorded. */
  readonly ended: Signal<EndedAttempt>;
  /** An error that nobody caught, of a task's code as far as that can be told. */
  readonly escaped: Signal<{ kind: EscapedKind; name: string | undefined }>;
  /** A message was refused as no task. */
  readonly malformed: Signal<{ code: string; id: string | undefined }>;
}

/** After the grace, handlers that were aborted get this long to tidy up before their tasks are handed back without them, ms. */
const TIDY_MS = 1000;

/** Before a claim that nothing speaks against is tried again, ms: mostly our own lease is being renewed meanwhile. */
const CLAIM_AGAIN_MS = 50;
const LONGEST_CLAIM_PAUSE_MS = 5000;

/**
 * The worker engine: takes messages, claims their tasks, runs the handlers, records how they end.
 * `docs/delivery.md` tells the protocol; each part of it is a class of its own, wired here.
 */
export class TaskWorker implements Service {
  readonly signals: WorkerSignals = {
    ...{ settled: new Signal(), ended: new Signal(), malformed: new Signal(), escaped: new Signal() },
  };
  private readonly options: CompiledWorkerOptions;
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly retry: StoreRetry;
  private readonly claimer: Claimer;
  private readonly limitOverrides: LimitOverrides | undefined;
  private readonly quarantine: Quarantine | undefined;
  private readonly refused: RefusedClaims;
  private readonly executor: Executor;
  private readonly starter: Starter;
  private readonly pools: Pools;
  private readonly cancels: CancelWatch;
  private readonly recorder: Recorder;
  private readonly unclaimedEnds: UnclaimedEnds;
  private readonly replies: Replies;
  private readonly progress: ProgressWriter;
  private readonly logs: LogWriter | undefined;
  private readonly failures: FailureLog;
  private readonly held = new HeldTasks((entry) => (this.stopping ? entry.nack(true) : this.take(entry)));
  private readonly putOffs: PutOffs;
  private readonly passOn: PassOn;
  private readonly heldInputs: HeldInputs | undefined;
  private readonly schemas: ServedSchemas | undefined;
  private readonly escapedErrors: EscapedErrors;
  private readonly malformed: MalformedMessages;
  private readonly consumers: QueueConsumers;
  private readonly holdings: HoldingsReport | undefined;
  private readonly lifecycle = new Lifecycle(
    () => this.open(),
    () => this.close(),
  );
  /** What becomes of messages that are not simply run: decided from their rows, postponed, refused. */
  private readonly decisions = new UnderWay();
  private stopping = false;
  /** Something may run here under a lease that is no more. */
  private lostLease = false;
  private drained = deferred();

  constructor(
    private readonly deps: WorkerDeps,
    options: WorkerOptions,
  ) {
    this.options = compileWorkerOptions(options);
    this.clock = deps.clock ?? systemClock;
    this.log = deps.log;
    const { broker, tasks, lease, log } = deps;
    const { name, slots } = this.options;
    this.retry = new StoreRetry(this.clock, log);
    this.replies = new Replies(broker);
    this.progress = new ProgressWriter(tasks, log);
    const { taskLogLevel, failureLogLevel } = this.options;
    this.failures = new FailureLog(failureLogLevel, log);
    if (deps.logs && taskLogLevel !== 'off')
      this.logs = new LogWriter({ logs: deps.logs, level: taskLogLevel, clock: this.clock, log });
    this.putOffs = new PutOffs({
      ...{ tasks, retry: this.retry, held: this.held, clock: this.clock, log },
      onUnclaimable: (entry, error) => this.onUnclaimable(entry, error),
    });
    this.malformed = new MalformedMessages({
      name,
      tasks,
      retry: this.retry,
      replies: this.replies,
      clock: this.clock,
      log,
    });
    this.escapedErrors = new EscapedErrors({
      ...{ tasks, retry: this.retry, log, clock: this.clock },
      isHeld: (entry) => this.held.has(entry),
      onEscaped: (kind, name) => this.signals.escaped.emit({ kind, name }),
    });
    this.executor = new Executor(
      (entry) => this.pools.of(entry),
      (entries) => this.pools.startBatch(entries),
      this.clock,
      (entry, outcome) => this.onOutcome(entry, outcome),
    );
    const { limits } = deps;
    this.limitOverrides = limits && new LimitOverrides(limits, this.clock, log);
    const steps =
      deps.steps && new TaskSteps(deps.steps, this.retry, (entry, lost) => this.executor.abort(entry, lost));
    this.pools = new Pools(
      { ...this.options, concurrency: slots.async },
      {
        handlers: deps.handlers,
        services: {
          log,
          submitChild: deps.submitChild,
          resultLimit: this.options.resultLimit,
          steps,
          onProgress: (entry, progress) => this.onProgress(entry, progress),
          onLog: (entry, level, message, fields) => this.logs?.add(entry, level, message, fields),
        },
        answers: {
          submitChild: deps.submitChild,
          steps,
          contract: deps.contract ?? ((wanted) => deps.handlers.find(wanted)?.contract),
        },
        events: this.executor,
        // A child fails the attempt itself.
        escapes: { escaped: (kind, error, culprits) => this.escapedErrors.note(kind, error, culprits, 'child') },
        clock: this.clock,
        log,
      },
    );
    this.cancels = new CancelWatch({
      tasks,
      clock: this.clock,
      log,
      running: () => this.executor.entries(),
      onRevoked: (entry, reason) => this.executor.revoke(entry, reason, this.options.revokeGraceMs),
    });
    this.claimer = new Claimer({
      name,
      slots,
      quarantines: this.pools.suspects !== undefined,
      laneOf: (entry) => this.pools.laneOf(entry),
      tasks,
      lease,
      retry: this.retry,
      log,
      clock: this.clock,
      limited: limits && new LimitedClaims({ name, limits, overrides: this.limitOverrides!, log }),
      recording: () => this.recorder.busy,
      onGranted: (entry) => this.starter.run(entry),
      onBatchGranted: (entries) => this.starter.runBatch(entries),
      onUnclaimable: (entry, error) => this.onUnclaimable(entry, error),
      onParked: (entry) => {
        this.quarantine?.left(entry);
        entry.ack();
        this.held.letGo(entry);
      },
      onRefused: (entries) => this.onRefused(entries),
    });
    this.consumers = new QueueConsumers({
      ...{ queues: this.options.queues, prefetch: prefetchFor(this.options.prefetch, deps.handlers) },
      ...{ broker, store: deps.queues },
      ...{ held: this.held, clock: this.clock, log },
      onDelivery: (delivery) => this.onDelivery(delivery),
      withdraw: (queue) => [...this.claimer.withdraw(queue), ...(this.quarantine?.withdraw(queue) ?? [])],
    });
    if (deps.holdings)
      this.holdings = new HoldingsReport({
        ...{ queues: this.options.queues, store: deps.holdings, lease, held: this.held, clock: this.clock, log },
      });
    const { suspects } = this.pools;
    this.quarantine =
      suspects &&
      new Quarantine({
        ...{ groups: suspects, tasks, retry: this.retry, held: this.held, log },
        poolOf: (entry) => this.pools.laneOf(entry),
        claim: (entries) => this.claimer.claimSuspects(entries),
      });
    this.refused = new RefusedClaims({
      onSuspect: this.quarantine && ((entry, row) => this.quarantine!.add(entry, row)),
      name,
      tasks,
      lease,
      retry: this.retry,
      claimer: this.claimer,
      log,
      tryAgain: (entry) => this.claimAgain(entry),
      onTakenOver: (entry) => this.starter.run(entry),
      onBatchTakenOver: (entries) => this.starter.runBatch(entries),
      onOver: (entry, row) => {
        this.replies.repeated(entry, row);
        entry.ack();
        this.held.letGo(entry);
      },
      onForeignId: (entry, row) => this.onForeignId(entry, row),
      onExpiredRowless: (entry) => this.decisions.add(this.unclaimedEnds.endRowless(entry, 'EXPIRED')),
      onDropped: (entry) => this.held.letGo(entry),
      onUndecided: (entry, error) => this.onUndecided(entry, error),
    });
    this.recorder = new Recorder({
      name,
      tasks,
      retry: this.retry,
      replies: this.replies,
      handOver: this.handOver(),
      log,
      onClaimVanished: (entry, outcome) => this.unclaimedEnds.claimAnew(entry, outcome),
      onFlushed: () => this.claimer.wake(),
      onRecorded: (entry, outcome) => {
        if (this.signals.ended.heard) this.signals.ended.emit(endedAttempt(entry, outcome));
      },
      onSettled: (entry, outcome) => {
        this.escapedErrors.settled(entry);
        this.held.letGo(entry);
        this.signals.settled.emit({ id: entry.id, outcome: outcome.kind });
      },
    });
    this.starter = new Starter({
      executor: this.executor,
      stopping: () => this.stopping,
      onOutcome: (entry, outcome) => this.onOutcome(entry, outcome),
    });
    this.passOn = new PassOn({
      ...{ name, tasks, retry: this.retry, replies: this.replies, held: this.held, clock: this.clock, log },
      limits: this.options.unserved,
      onRefused: (entries) => this.onRefused(entries),
      onClaimRefused: (entry) => this.recorder.add(entry, RELEASED),
      onEnded: (entry, outcome) => this.recorder.add(entry, outcome),
      onUnstorable: (entry, error) => this.onUnclaimable(entry, error),
      onPassed: (entry) => this.signals.settled.emit({ id: entry.id, outcome: 'passed_on' }),
      hold: deps.deadLetters && ((misfits) => this.heldInputs!.hold(misfits)),
    });
    const letters = deps.deadLetters;
    this.heldInputs =
      letters &&
      new HeldInputs({
        ...{ name, letters, contracts: deps.contracts, retry: this.retry, replies: this.replies, log },
        onHeld: (entry) => {
          this.held.letGo(entry);
          this.signals.settled.emit({ id: entry.id, outcome: 'failed' });
        },
        onRefused: (entries) => this.onRefused(entries),
      });
    this.schemas = deps.contracts && new ServedSchemas(deps.handlers.contracts(), deps.contracts, this.clock, log);
    this.unclaimedEnds = new UnclaimedEnds({
      ...{ name, tasks, lease, retry: this.retry, claimer: this.claimer, recorder: this.recorder },
      ...{ replies: this.replies, held: this.held, clock: this.clock, log },
      onUnclaimable: (entry, error) => this.onUnclaimable(entry, error),
      onRefused: (entries) => this.onRefused(entries),
    });
  }

  /** Tasks running now; those of a batch each for itself. */
  get running(): number {
    return this.executor.size;
  }

  /** Of {@link slots}, those taken: a batch takes one, a task in quarantine none. */
  get slotsInUse(): number {
    return this.claimer.slotsInUse;
  }

  /** Handlers that may run at once, in those pools that the contracts of this worker use. */
  get slots(): number {
    return [...this.pools.used].reduce((sum, pool) => sum + this.options.slots[pool], 0);
  }

  /** What it has to do; for its lease. */
  work(): WorkerWork {
    return { slots: this.slots, slotsUsed: this.slotsInUse, waiting: this.claimer.waiting };
  }

  /** Children by pool. */
  children(): Readonly<Record<'thread' | 'process', ChildCounts>> {
    return this.pools.children();
  }

  /** How long running tasks may go on at a stop, ms. */
  get shutdownGraceMs(): number {
    return this.options.shutdownGraceMs;
  }

  get name(): string {
    return this.options.name;
  }

  /** Each queue that it serves, and whether its messages come. */
  get queues(): ReadonlyMap<string, ConsumptionHealth> {
    return this.consumers.health;
  }

  /** Its proof of life gets through to the database. */
  get leaseHeld(): boolean {
    return this.deps.lease.held;
  }

  get isStopping(): boolean {
    return this.stopping;
  }

  /** Resolves when the lease is held and every queue is consumed. */
  start(): Promise<void> {
    return this.lifecycle.start();
  }

  /** Takes nothing more, lets running tasks finish within the grace, hands the rest back; no attempt is burnt. */
  stop(): Promise<void> {
    return this.lifecycle.stop();
  }

  /** To be called by the lease: what runs under this id is no longer ours. */
  leaseLost(worker: string): void {
    this.lostLease = true;
    this.executor.loseLease(worker);
  }

  /**
   * To be called by whoever owns the process with what nobody caught, in the async context of the error (as the listeners of
   * `process` are). It is logged and kept with the task whose code it came from. After an `exception` the attempt that threw has
   * failed, and the process should {@link stop} this worker and end: nothing says what else the error has broken.
   */
  escaped(kind: EscapedKind, thrown: unknown): void {
    const culprits = runsInScope().map(({ id, name, attempt, subject }) => ({
      ...{ id, name, attempt },
      // What runs in this process was made with its entry.
      entry: subject as TaskEntry,
    }));
    this.escapedErrors.note(kind, thrown, culprits, 'worker');
    if (kind === 'exception')
      for (const { entry } of culprits)
        this.executor.crashed(entry, isError(thrown) ? thrown : new Error(textOf(thrown)));
  }

  private async open(): Promise<void> {
    await this.deps.lease.start();
    await this.schemas?.start();
    await this.limitOverrides?.start();
    await this.consumers.start();
    this.cancels.start();
    this.holdings?.start();
  }

  private async close(): Promise<void> {
    this.stopping = true;
    this.deps.lease.closing?.();
    // At once: a slot that comes free from here on is for nobody.
    const claimed = Promise.all([this.claimer.close(), this.quarantine?.close()]);
    const limitsRead = this.limitOverrides?.stop();
    const reported = this.holdings?.stop();
    this.schemas?.stop();
    // What is called off from here on ends so when it is recorded.
    const heard = this.cancels.stop();
    await this.consumers.cancel();
    // What Postgres does not take in time goes back with its message, and the sweep frees the claim.
    const offDeadline = this.clock.after(this.options.shutdownGraceMs + TIDY_MS, () => this.retry.giveUp());
    await claimed;
    this.executor.releaseWaiting();
    await this.drain();
    await Promise.all([heard, limitsRead, reported]);
    // A decision may make an end to record, and the record of an end a decision.
    do {
      await this.decisions.idle();
      await this.passOn.idle();
      await this.recorder.idle();
    } while (this.decisions.size > 0);
    await this.progress.idle();
    await this.logs?.idle();
    await this.escapedErrors.idle();
    await this.pools.stop();
    offDeadline();
    this.retry.giveUp();
    this.held.handBackAll();
    await this.decisions.idle();
    await this.consumers.close();
    await this.deps.lease.stop();
  }

  /** Waits for the running handlers: first for them to finish, then for them to tidy up, then no longer. */
  private async drain(): Promise<void> {
    if (this.executor.size === 0) return;
    const { shutdownGraceMs } = this.options;
    const offGrace = this.clock.after(shutdownGraceMs, () => this.executor.abortAll());
    const offEnd = this.clock.after(shutdownGraceMs + TIDY_MS, () => this.executor.releaseAll());
    await this.drained.promise;
    offGrace();
    offEnd();
  }

  private handOver(): HandOver | undefined {
    const { broker, tasks, lease, handlers, limits, outbox, messageOf, log } = this.deps;
    if (!limits || !outbox || !messageOf) return undefined;
    return new HandOver({
      ...{ name: this.options.name, tasks, outbox, broker, lease, handlers, log, messageOf },
      ...{ held: this.held, claimer: this.claimer, underWay: this.decisions },
      queues: () => [...this.consumers.open.keys()],
      lost: () => this.lostRuns(),
      stopping: () => this.stopping,
      onClaimed: (entry) => this.starter.run(entry),
    });
  }

  /** Nearly always none: no lease was lost, or what ran under it has ended. */
  private lostRuns(): string[] {
    if (!this.lostLease) return [];
    const { id } = this.deps.lease;
    const lost = [...this.executor.entries()].filter((entry) => entry.claimed && entry.worker !== id);
    this.lostLease = lost.length > 0;
    return lost.map((entry) => entry.id);
  }

  private onDelivery(delivery: Delivery): void {
    if (this.stopping) return delivery.nack({ requeue: true });
    const admitted = admit(delivery, this.deps.handlers);
    if (admitted.ok) this.take(admitted.entry);
    else this.decisions.add(this.refuse(admitted.malformed));
  }

  private async refuse(malformed: Malformed): Promise<void> {
    await this.malformed.refuse(malformed);
    this.signals.malformed.emit({ code: malformed.code, id: malformed.id });
  }

  private take(entry: TaskEntry): void {
    if (!this.held.take(entry)) return;
    if (this.putOffs.concerns(entry)) return this.decisions.add(this.putOffs.putOff(entry));
    if (entry.passOn) return this.passOn.add(entry, entry.passOn);
    if (entry.options.ack === 'early') entry.ack();
    this.claimer.add(entry);
  }

  private claimAgain(entry: TaskEntry): void {
    const pauseMs = Math.min(CLAIM_AGAIN_MS * 2 ** entry.refusals, LONGEST_CLAIM_PAUSE_MS);
    entry.refusals += 1;
    this.clock.after(pauseMs, () => (entry.passOn ? this.passOn.add(entry, entry.passOn) : this.claimer.add(entry)));
  }

  private onUnclaimable(entry: TaskEntry, error: Error): void {
    this.quarantine?.left(entry);
    this.log.error(
      { err: error, task: entry.id },
      'Postgres cannot keep this task: its message goes to the dead letters',
    );
    this.replies.ended(entry, 'FAILURE', null, {
      type: 'MessageGivenUp',
      message: `Postgres cannot keep this task: ${error.message}`,
    });
    entry.nack(false);
    this.held.letGo(entry);
  }

  private onRefused(entries: TaskEntry[]): void {
    for (const entry of entries) this.quarantine?.left(entry);
    this.decisions.add(this.refused.resolve(entries));
  }

  /** Not decided: mostly the worker stops while Postgres is away. */
  /** The row decides whose id it is. The message goes to the dead letters, and the row stays as it is. */
  private onForeignId(entry: TaskEntry, row: TaskRow): void {
    const { id, name } = entry.task;
    this.log.warn(
      { task: id, contract: name, is: row.name },
      'a message carries the id of another task: to the dead letters',
    );
    entry.nack(false);
    this.held.letGo(entry);
  }

  private onUndecided(entry: TaskEntry, error: unknown): void {
    this.log.error({ err: error, task: entry.id }, 'a refused claim could not be resolved');
    if (this.retry.gaveUp) this.held.handBack(entry);
    else this.claimAgain(entry);
  }

  private onProgress(entry: TaskEntry, progress: string): void {
    this.progress.add(entry, progress);
    this.replies.progressed(entry, progress);
  }

  private onOutcome(entry: TaskEntry, outcome: Outcome): void {
    entry.endedAt = this.clock.now();
    this.claimer.freeSlot(entry);
    this.quarantine?.left(entry);
    if (outcome.kind !== 'succeeded') this.failures.tell(entry, outcome);
    const [progress, logs] = [this.progress.written(entry), this.logs?.written(entry)];
    if (progress || logs) this.recorder.addAfter([progress, logs], entry, outcome);
    else this.recorder.add(entry, outcome);
    if (this.stopping && this.executor.size === 0) this.drained.resolve();
  }
}
