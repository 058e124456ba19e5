import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { EscapedKind } from '@lovage/ports';
import type { ChildCounts, EndedAttempt } from '@lovage/runtime';

/** Seconds: tasks run for a millisecond or for an hour. */
const RUN_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800, 3600];
const WAIT_BUCKETS = [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800, 3600];

export interface WorkerReadings {
  /** Handlers that may run at once, in all pools that are used. */
  readonly slots: number;
  /** Handlers running now. */
  running(): number;
  children(): Readonly<Record<'thread' | 'process', ChildCounts>>;
  /** States on their way to Celery's result backend, and those that were left to beat. Undefined: there is none. */
  readonly celeryResults?: { readonly waiting: number; readonly dropped: number } | undefined;
}

/** What this worker counts as it goes. */
export class WorkerMetrics {
  readonly registry = new Registry();
  private readonly attempts: Counter<'name' | 'outcome'>;
  private readonly run: Histogram<'name'>;
  private readonly wait: Histogram<'name'>;
  private readonly malformed: Counter<'code'>;
  private readonly escapes: Counter<'kind' | 'name'>;

  constructor(readings: WorkerReadings) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.attempts = new Counter({
      name: 'lovage_attempts_total',
      help: 'Attempts that this worker recorded, by contract and outcome; SUCCESS and FAILURE are the end of a task',
      labelNames: ['name', 'outcome'],
      registers,
    });
    this.run = new Histogram({
      name: 'lovage_task_run_seconds',
      help: 'How long handlers ran',
      labelNames: ['name'],
      buckets: RUN_BUCKETS,
      registers,
    });
    this.wait = new Histogram({
      name: 'lovage_task_wait_seconds',
      help: 'From when a task could have run to its first start',
      labelNames: ['name'],
      buckets: WAIT_BUCKETS,
      registers,
    });
    this.malformed = new Counter({
      name: 'lovage_messages_refused_total',
      help: 'Messages that were no tasks, by the code of docs/errors.md',
      labelNames: ['code'],
      registers,
    });
    this.escapes = new Counter({
      name: 'lovage_escaped_errors_total',
      help: 'Errors of handlers that nobody caught: rejection, of a promise that nobody awaits; exception, after which the worker ends',
      labelNames: ['kind', 'name'],
      registers,
    });
    const slots = new Gauge({
      name: 'lovage_worker_slots',
      help: 'Handlers that may run at once (total), and that do (used)',
      labelNames: ['kind'],
      registers,
      collect: () => {
        slots.set({ kind: 'total' }, readings.slots);
        slots.set({ kind: 'used' }, readings.running());
      },
    });
    const children = new Gauge({
      name: 'lovage_worker_children',
      help: 'Threads and child processes of this worker',
      labelNames: ['pool'],
      registers,
      collect: () => {
        for (const [pool, { alive }] of Object.entries(readings.children())) children.set({ pool }, alive);
      },
    });
    const died = new Counter({
      name: 'lovage_worker_children_died_total',
      help: 'Threads and child processes that died by no doing of the worker',
      labelNames: ['pool'],
      registers,
      collect: () => {
        died.reset();
        for (const [pool, counts] of Object.entries(readings.children())) died.inc({ pool }, counts.died);
      },
    });
    if (readings.celeryResults) this.countResults(readings.celeryResults);
  }

  private countResults(results: NonNullable<WorkerReadings['celeryResults']>): void {
    const registers = [this.registry];
    const waiting = new Gauge({
      name: 'lovage_celery_results_waiting',
      help: "States of tasks that wait to be written to Celery's result backend",
      registers,
      collect: () => {
        waiting.set(results.waiting);
      },
    });
    const dropped = new Counter({
      name: 'lovage_celery_results_dropped_total',
      help: 'States that too many others left no room for; beat writes the ends among them',
      registers,
      collect: () => {
        dropped.reset();
        dropped.inc(results.dropped);
      },
    });
  }

  ended({ name = 'unknown', outcome, runMs, waitMs }: EndedAttempt): void {
    this.attempts.inc({ name, outcome });
    this.run.observe({ name }, runMs / 1000);
    if (waitMs !== undefined) this.wait.observe({ name }, waitMs / 1000);
  }

  escaped(kind: EscapedKind, name = 'unknown'): void {
    this.escapes.inc({ kind, name });
  }

  refused(code: string): void {
    this.malformed.inc({ code });
  }
}
