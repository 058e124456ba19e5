import { isError, Lifecycle, Signal, textOf, type Service } from '@lovage/foundation';
import {
  systemClock,
  type Clock,
  type Consumption,
  type ConsumptionHealth,
  type EscapedKind,
  type WorkerWork,
} from '@lovage/ports';
import { CanvasEnds } from './canvas/canvas-ends.ts';
import { DueSender } from './canvas/due-sender.ts';
import { Claimer, ClaimNumbers } from './claim/claimer.ts';
import { LimitedClaims, LimitOverrides } from './claim/limited-claims.ts';
import { PassOn } from './claim/pass-on.ts';
import { Quarantine } from './claim/quarantine.ts';
import { RefusedClaims } from './claim/refused.ts';
import { Slots } from './claim/waiting.ts';
import type { TaskEntry } from './entry.ts';
import { EtaPostponer } from './intake/eta-postponer.ts';
import { HeldTasks } from './intake/held-tasks.ts';
import { HoldingsReport } from './intake/holdings-report.ts';
import { MalformedMessages } from './intake/malformed.ts';
import { QueueConsumers } from './intake/queue-consumers.ts';
import { compileWorkerOptions, prefetchFor, type CompiledWorkerOptions, type WorkerOptions } from './options.ts';
import { Pipeline } from './pipeline.ts';
import type { ChildCounts } from './pools/pool.ts';
import { Pools } from './pools/pools.ts';
import { FailureLog } from './record/failure-log.ts';
import { HandOver } from './record/hand-over.ts';
import { HeldInputs } from './record/held-inputs.ts';
import { LogWriter } from './record/log-writer.ts';
import { ProgressWriter } from './record/progress-writer.ts';
import { Recorder } from './record/recorder.ts';
import { Replies, Settler } from './record/settler.ts';
import { CancelWatch } from './run/cancel-watch.ts';
import { EscapedErrors } from './run/escaped-errors.ts';
import { Executor } from './run/executor.ts';
import { runsInScope } from './run/task-scope.ts';
import { TaskSteps } from './run/task-steps.ts';
import { ServedSchemas } from './served-schemas.ts';
import { StoreRetry } from './store-retry.ts';
import { tellProgressed, type HeldTask } from './task-events.ts';
import { Autoscaler } from './steer/autoscaler.ts';
import { EarlyRevokes } from './steer/early-revokes.ts';
import { PoolSize } from './steer/pool-size.ts';
import { TimeLimitTable } from './steer/time-limits.ts';
import { ToldRevokes } from './steer/told-revokes.ts';
import { WorkerSteering } from './steer/worker-steering.ts';
import { UnderWay } from './under-way.ts';
import type { WorkerDeps } from './worker-deps.ts';
import type { WorkerSignals } from './worker-signals.ts';

/** After the grace, handlers that were aborted get this long to tidy up before their tasks are released without them, ms. */
const TIDY_MS = 1000;

/**
 * The worker engine: takes messages, claims their tasks, runs the handlers, records how they end. Made of parts that are wired here;
 * {@link Pipeline} tells the way of a task through them, `docs/delivery.md` the protocol.
 */
export class TaskWorker implements Service {
  readonly signals: WorkerSignals = {
    ...{ settled: new Signal(), ended: new Signal(), malformed: new Signal(), escaped: new Signal() },
    started: new Signal(),
    tasks: new Signal(),
  };
  /** What may be changed of it while it runs. */
  readonly steering: WorkerSteering;
  private readonly options: CompiledWorkerOptions;
  private readonly clock: Clock;
  private readonly retry: StoreRetry;
  private readonly poolSlots: Slots;
  private readonly held = new HeldTasks();
  private readonly limitOverrides: LimitOverrides | undefined;
  private readonly executor: Executor;
  private readonly pools: Pools;
  private readonly cancels: CancelWatch;
  private readonly progress: ProgressWriter;
  private readonly logs: LogWriter | undefined;
  private readonly schemas: ServedSchemas | undefined;
  private readonly escapedErrors: EscapedErrors;
  private readonly sender: DueSender | undefined;
  private readonly pipeline: Pipeline;
  private readonly consumers: QueueConsumers;
  private readonly holdings: HoldingsReport | undefined;
  private readonly autoscaler: Autoscaler;
  /** Messages that the slots alone ask for. */
  private bySlots: number;
  private stopping = false;
  private readonly lifecycle = new Lifecycle(
    () => this.open(),
    () => this.close(),
  );

  constructor(
    private readonly deps: WorkerDeps,
    options: WorkerOptions,
  ) {
    this.options = compileWorkerOptions(options);
    const { name, queues, slots: sizes, taskLogLevel, failureLogLevel, unserved, revokeGraceMs } = this.options;
    const { broker, tasks, lease, handlers, limits, contracts, deadLetters, outbox, messageOf, log } = deps;
    const clock = (this.clock = deps.clock ?? systemClock);
    this.bySlots = this.options.prefetch;
    const { signals } = this;
    // What all parts share. A part knows those that are made before it, and none that is made after.
    const retry = (this.retry = new StoreRetry(clock, log));
    const replies = new Replies(broker, this.options.trackStarted ? name : undefined);
    const { held } = this;
    const slots = (this.poolSlots = new Slots(sizes));
    const numbers = new ClaimNumbers();
    const underWay = new UnderWay();
    const consumed = new Map<string, Consumption>();
    const escapedErrors = (this.escapedErrors = new EscapedErrors({ tasks, retry, log, clock, held, signals }));
    // Run.
    const timeLimits = new TimeLimitTable();
    const revokes = new ToldRevokes(clock);
    const executor = (this.executor = new Executor(clock, timeLimits));
    const progress = (this.progress = new ProgressWriter(tasks, replies, log));
    const logs = (this.logs =
      deps.logs && taskLogLevel !== 'off'
        ? new LogWriter({ logs: deps.logs, level: taskLogLevel, clock, log })
        : undefined);
    const pools = (this.pools = this.makePools(progress, logs));
    this.cancels = new CancelWatch({ tasks, clock, log, executor, graceMs: revokeGraceMs });
    // Claim.
    const overrides = (this.limitOverrides = limits && new LimitOverrides(limits, clock, log));
    const limited = limits && new LimitedClaims({ limits, overrides: overrides!, log });
    const quarantines = pools.suspects !== undefined;
    const claims = { name, tasks, lease, retry, numbers, slots, quarantines };
    const quarantine = pools.suspects && new Quarantine({ groups: pools.suspects, tasks, retry, log });
    const heldInputs = deadLetters && new HeldInputs({ name, deadLetters, contracts, retry, replies, log });
    // Record.
    const handOver =
      limits && outbox && messageOf
        ? new HandOver({
            ...{ name, tasks, outbox, broker, lease, handlers, held, slots, numbers, executor },
            ...{ consumed, underWay, log, messageOf, canvas: deps.canvas },
          })
        : undefined;
    if (deps.canvas && outbox && messageOf) this.sender = new DueSender({ outbox, broker, log, messageOf });
    const pipeline = (this.pipeline = new Pipeline({
      ...{ handlers, held, slots, quarantine, pools, executor, progress, logs, signals, replies, underWay, clock, log },
      ...{ revokes, earlyRevokes: new EarlyRevokes({ tasks, retry }) },
      malformed: new MalformedMessages({ name, tasks, retry, replies, signals, clock, log }),
      postponer: new EtaPostponer({ tasks, retry, clock }),
      passOn: new PassOn({ name, tasks, retry, replies, clock, log, limits: unserved, heldInputs }),
      claimer: new Claimer({ ...claims, limited }),
      refused: new RefusedClaims({ ...claims, replies, clock, log }),
      failures: new FailureLog(failureLogLevel, log),
      recorder: new Recorder({ name, tasks, retry, handOver, log }),
      settler: new Settler({ replies, escapedErrors, signals, log }),
      canvas: deps.canvas && { able: deps.canvas, ends: new CanvasEnds(deps.canvas, log, this.sender) },
    }));
    const consumers = (this.consumers = new QueueConsumers({
      ...{ queues, prefetch: prefetchFor(this.options.prefetch, handlers), broker, store: deps.queues, consumed },
      ...{ pipeline, held, clock, log, onChanged: (names) => lease.serves?.(names) },
    }));
    this.holdings =
      deps.holdings &&
      new HoldingsReport({ queues: () => consumers.queues, store: deps.holdings, lease, held, clock, log });
    // Steer.
    const kind = pools.used.has(this.options.pool) ? this.options.pool : ([...pools.used][0] ?? this.options.pool);
    const pool = new PoolSize({ kind, slots, pools, onResized: (by) => this.resized(by) });
    this.autoscaler = new Autoscaler({ pool, clock, log });
    this.steering = new WorkerSteering({
      ...{ handlers, rates: pipeline.rates, timeLimits, pool, autoscaler: this.autoscaler, revokes, consumers, held },
    });
    this.schemas = contracts && new ServedSchemas(handlers.contracts(), contracts, clock, log);
  }

  /** Tasks running now; those of a batch each for itself. */
  get running(): number {
    return this.executor.size;
  }

  /** Of {@link slots}, those taken: a batch takes one, a task in quarantine none. */
  get slotsInUse(): number {
    return this.poolSlots.taken;
  }

  /** Handlers that may run at once, in those pools that the contracts of this worker use. */
  get slots(): number {
    return [...this.pools.used].reduce((sum, pool) => sum + this.poolSlots.sizeOf(pool), 0);
  }

  /** Messages held of each queue at most. */
  get prefetch(): number {
    return this.consumers.prefetch;
  }

  /** What it has to do; for its lease. */
  work(): WorkerWork {
    return { slots: this.slots, slotsUsed: this.slotsInUse, waiting: this.poolSlots.waiting };
  }

  /** The tasks in its hands. To be read at once. */
  tasks(): readonly HeldTask[] {
    return this.held.all();
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

  /** Takes nothing more, lets running tasks finish within the grace, requeues the rest; no attempt is burnt. */
  stop(): Promise<void> {
    return this.lifecycle.stop();
  }

  /** To be called by the lease: what runs under this id is no longer ours. */
  leaseLost(worker: string): void {
    this.executor.loseLease(worker);
  }

  /**
   * To be called by the owner of the process with what nobody caught, in the async context of the error (as the listeners of
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
    await this.startAutoscaler();
    this.holdings?.start();
  }

  private async close(): Promise<void> {
    const { shutdownGraceMs } = this.options;
    this.stopping = true;
    // At once: a slot that comes free from here on is for nobody.
    const claimed = this.pipeline.close();
    this.deps.lease.closing?.();
    const limitsRead = this.limitOverrides?.stop();
    const reported = this.holdings?.stop();
    const scaled = this.autoscaler.stop();
    const schemasNoted = this.schemas?.stop();
    // What is cancelled from here on ends so when it is recorded.
    const heard = this.cancels.stop();
    await this.consumers.cancel();
    // What Postgres does not take in time is requeued, and the sweep frees the claim.
    const cancelDeadline = this.clock.after(shutdownGraceMs + TIDY_MS, () => this.retry.giveUp());
    await claimed;
    this.executor.releaseWaiting();
    await this.drain(shutdownGraceMs);
    await Promise.all([heard, limitsRead, reported, scaled, schemasNoted]);
    await this.pipeline.idle();
    await this.sender?.close();
    await this.progress.idle();
    await this.logs?.idle();
    await this.escapedErrors.idle();
    await this.pools.stop();
    cancelDeadline();
    this.retry.giveUp();
    await this.pipeline.requeueAll();
    await this.consumers.close();
    await this.deps.lease.stop();
  }

  /** Waits for the running handlers: first for them to finish, then for them to tidy up, then no longer. */
  private async drain(graceMs: number): Promise<void> {
    const cancelGrace = this.clock.after(graceMs, () => this.executor.abortAll());
    const cancelEnd = this.clock.after(graceMs + TIDY_MS, () => this.executor.releaseAll());
    await this.pipeline.drain();
    cancelGrace();
    cancelEnd();
  }

  private async startAutoscaler(): Promise<void> {
    const { autoscale } = this.options;
    if (autoscale) {
      await this.autoscaler.set(autoscale);
      if (autoscale.min < this.steering.pool.size) await this.steering.pool.resize(autoscale.min);
    }
    this.autoscaler.start();
  }

  /** Messages are held for more or fewer slots, and those that have come free are filled. */
  private async resized(by: number): Promise<void> {
    this.bySlots = Math.max(1, this.bySlots + Math.ceil(by * this.options.prefetchMultiplier));
    this.pipeline.wake();
    await this.consumers.setPrefetch(prefetchFor(this.bySlots, this.deps.handlers));
  }

  private makePools(progress: ProgressWriter, logs: LogWriter | undefined): Pools {
    const { deps, options, clock, executor, retry, escapedErrors } = this;
    const { handlers, log, submitChild } = deps;
    const steps = deps.steps && new TaskSteps(deps.steps, retry, executor);
    return new Pools(
      { ...options, concurrency: options.slots.async },
      {
        ...{ handlers, events: executor, escapes: escapedErrors, clock, log },
        services: {
          ...{ log, submitChild, steps, resultLimit: options.resultLimit },
          onProgress: (entry, json) => {
            progress.add(entry, json);
            tellProgressed(this.signals, entry, json);
          },
          onLog: logs && ((entry, level, message, fields) => logs.add(entry, level, message, fields)),
        },
        answers: {
          ...{ submitChild, steps },
          contract: deps.contract ?? ((wanted) => handlers.find(wanted)?.contract),
        },
      },
    );
  }
}
