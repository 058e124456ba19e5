import { decodeEvents, type CeleryEvent } from '@lovage/celery';
import { newId, Lifecycle, Signal, type Service } from '@lovage/foundation';
import {
  Pauses,
  systemClock,
  Ticker,
  type Broker,
  type CeleryEventsListener,
  type CeleryEventsMessage,
  type CeleryWatchStore,
  type Clock,
  type Log,
  type ObservedTask,
  type SeenCeleryWorker,
} from '@lovage/ports';
import type { ForeignResults } from '../foreign/foreign-results.ts';
import { mergeTask, queueOfSent, taskOf, workerOf } from './celery-event.ts';

export interface CeleryWatchOptions {
  readonly broker: Pick<Broker, 'listenToCelery'>;
  readonly store: CeleryWatchStore;
  /** Ends foreign tasks that a worker of Celery has rejected: it sends no result of them. */
  readonly foreign: Pick<ForeignResults, 'settle'>;
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/** Between two looks at who listens, ms, and how long the one who does keeps that without saying so again. */
const HOLD_EVERY_MS = 5000;
const HOLD_MS = 20_000;
/** Between two looks for what is left over, ms. */
const TIDY_EVERY_MS = 60_000;
/** Tasks of one statement, and how long each keeps the next statement off, ms: 500 a second at most. */
const MAX_TASKS = 200;
const PACE_MS = 2;
/** Observed tasks that have not ended, at most: beyond, no new ones are taken. */
const MAX_OPEN = 50_000;
/** Names of nodes, and queues of tasks that were sent, that are remembered. */
const MAX_NODES = 5000;
const MAX_SENT = 10_000;
/** Rejected tasks that are held: of more the oldest are dropped. */
const MAX_REJECTED = 10_000;
/**
 * A rejected task ends so long after its event, ms: a worker may tell a failure of it as well (`acks_on_failure_or_timeout = False`), and on Redis
 * results are looked for each 5 s.
 */
const REJECTED_MS = 6000;

/**
 * Listens to Celery's events, so that its workers and their tasks are seen here. One beat of all does: the one that holds the watch. What comes
 * waits at the broker, which drops the oldest of too much; here is never more than one round of it. Events of workers of ours are
 * passed over: their rows tell more.
 */
export class CeleryWatch implements Service {
  /** For tests: a round has been written. */
  readonly written = new Signal<{ readonly workers: number; readonly tasks: number }>();
  private readonly holder = newId();
  private readonly clock: Clock;
  private listener: CeleryEventsListener | undefined;
  private readonly workers = new Map<string, SeenCeleryWorker>();
  private readonly tasks = new Map<string, ObservedTask>();
  /** Whether a node is one of Celery's, by its heartbeats. */
  private readonly nodes = new Map<string, boolean>();
  private readonly sent = new Map<string, string>();
  /** To be ended, unless something else is told of them. */
  private readonly rejected = new Map<string, { readonly task: ObservedTask; readonly at: number }>();
  private writing: Promise<void> | undefined;
  private full = false;
  private tidiedAt = -Infinity;
  private readonly pauses: Pauses;
  private readonly ticker: Ticker;
  private readonly lifecycle = new Lifecycle(
    () => this.ticker.start(),
    () => this.leave(),
  );

  constructor(private readonly options: CeleryWatchOptions) {
    const { log, clock = systemClock } = options;
    this.clock = clock;
    this.pauses = new Pauses(clock);
    this.ticker = new Ticker({
      ...{ clock, log, everyMs: HOLD_EVERY_MS },
      run: () => this.look(),
      failure: "this beat could not look whether it listens to Celery's events; tried again",
    });
  }

  /** Resolves at once. Where the broker has no events, it does nothing. */
  start(): Promise<void> {
    return this.options.broker.listenToCelery ? this.lifecycle.start() : Promise.resolve();
  }

  stop(): Promise<void> {
    return this.lifecycle.stop();
  }

  private async leave(): Promise<void> {
    this.pauses.end();
    await this.ticker.stop();
    await this.listener?.close();
    await this.writing;
    // It runs out by itself anyway.
    await this.options.store.release(this.holder).catch(() => undefined);
  }

  private async look(): Promise<void> {
    const { store, broker } = this.options;
    if (!(await store.hold(this.holder, HOLD_MS))) {
      await this.listener?.close();
      this.listener = undefined;
      return;
    }
    if (!this.listener) {
      for (const { name } of await store.workers()) this.remember(name, true);
      this.listener = await broker.listenToCelery!({ onEvents: (message) => this.take(message) });
    }
    if (this.rejected.size > 0) await this.round();
    const now = this.clock.monotonic();
    if (now - this.tidiedAt < TIDY_EVERY_MS) return;
    this.tidiedAt = now;
    await store.tidy();
    this.full = (await store.open(MAX_OPEN)) >= MAX_OPEN;
    if (this.full)
      this.options.log.warn({ tasks: MAX_OPEN }, "so many tasks of Celery's have not ended: no more are taken");
  }

  /** Resolves when it is written: the broker waits with the next ones. Never rejects. */
  private async take(message: CeleryEventsMessage): Promise<void> {
    for (const event of decodeEvents(message)) this.note(event);
    if (this.workers.size > 0 || this.tasks.size > 0) await this.round();
  }

  private async round(): Promise<void> {
    // What comes while one round is written is of the next.
    if (this.writing) await this.writing;
    await (this.writing ??= this.write().finally(() => (this.writing = undefined)));
  }

  private note(event: CeleryEvent): void {
    const { type, hostname } = event;
    if (type.startsWith('worker-')) {
      const worker = workerOf(event);
      if (!worker) return;
      const foreign = worker.software !== 'lovage';
      this.remember(hostname, foreign);
      if (foreign) this.workers.set(hostname, worker);
    } else if (type === 'task-sent') {
      const sent = queueOfSent(event);
      if (sent) put(this.sent, sent.id, sent.queue, MAX_SENT);
    } else if (this.nodes.get(hostname) === true) {
      const task = taskOf(event, (id) => this.sent.get(id));
      if (!task) return;
      if (type === 'task-rejected' && !task.requeued) {
        put(this.rejected, task.id, { task, at: this.clock.monotonic() }, MAX_REJECTED);
        return;
      }
      this.rejected.delete(task.id);
      if (this.full && task.name !== null) return;
      const before = this.tasks.get(task.id);
      this.tasks.set(task.id, before ? mergeTask(before, task) : task);
    }
  }

  private remember(node: string, foreign: boolean): void {
    put(this.nodes, node, foreign, MAX_NODES);
  }

  private async write(): Promise<void> {
    const { store, log } = this.options;
    const workers = [...this.workers.values()];
    this.workers.clear();
    const rejected = this.takeRejected();
    const tasks = [...this.tasks.values(), ...rejected.filter(({ id }) => !this.tasks.has(id))];
    this.tasks.clear();
    try {
      await store.seen(workers);
      for (let n = 0; n < tasks.length && !this.pauses.over; n += MAX_TASKS) {
        const part = tasks.slice(n, n + MAX_TASKS);
        await store.observed(part);
        await this.pauses.wait(part.length * PACE_MS);
      }
      const { foreign } = this.options;
      await Promise.all(
        rejected.map(({ id: taskId, error, worker }) =>
          foreign.settle({ taskId, state: 'FAILURE', value: null, error, worker, repeats: true }),
        ),
      );
    } catch (error) {
      // A picture with a gap: the next events go on with it.
      log.warn({ err: error, tasks: tasks.length }, "events of Celery's could not be written: dropped");
      await this.pauses.wait(1000);
    }
    this.written.emit({ workers: workers.length, tasks: tasks.length });
  }

  /** Of which nothing else was told for long enough. */
  private takeRejected(): ObservedTask[] {
    const due = this.clock.monotonic() - REJECTED_MS;
    const taken: ObservedTask[] = [];
    for (const [id, { task, at }] of this.rejected) {
      if (at > due) break;
      this.rejected.delete(id);
      taken.push(task);
    }
    return taken;
  }
}

/** The oldest goes where there would be too many. */
function put<V>(map: Map<string, V>, key: string, value: V, most: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > most) map.delete(map.keys().next().value!);
}
