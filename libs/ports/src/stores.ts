import type { BeatStore } from './beat-store.ts';
import type { BulkStore } from './bulk-store.ts';
import type { CeleryStore } from './celery-store.ts';
import type { CeleryWatchStore } from './celery-watch-store.ts';
import type { ContractStore } from './contract-store.ts';
import type { DeadLetterStore } from './dead-letter-store.ts';
import type { FileLedger } from './file-ledger.ts';
import type { HistoryReader, HistoryStore } from './history-store.ts';
import type { LimitStore } from './limit-store.ts';
import type { LiveReads } from './live-reads.ts';
import type { LoadTestStore } from './load-test-store.ts';
import type { OutboxStore, SweepStore } from './outbox-store.ts';
import type { QueueStore } from './queue-store.ts';
import type { RateCounters } from './rate-counters.ts';
import type { MessageHoldings, RescueStore } from './rescue-store.ts';
import type { RetentionStore } from './retention-store.ts';
import type { ForeignStore } from './foreign-store.ts';
import type { RowGaps } from './row-gaps.ts';
import type { ScheduleStore } from './schedule-store.ts';
import type { StepStore } from './step-store.ts';
import type { TaskExplain } from './task-explain.ts';
import type { TaskLists } from './task-lists.ts';
import type { TaskEvents, TaskLogSink } from './task-logs.ts';
import type { TaskStore } from './task-store.ts';
import type { ViewStore } from './view-store.ts';
import type { WorkerStore } from './worker-store.ts';

/** What clients and workers need: tasks on their way from submit to end. */
export interface TaskStores {
  readonly tasks: TaskStore;
  readonly limits: LimitStore;
  readonly steps: StepStore;
  /** What handlers log. */
  readonly logs: TaskLogSink;
  /** Where rows of accepted tasks may be missing. */
  readonly gaps: RowGaps;
  /** What workers of another platform report of their tasks. */
  readonly foreign: ForeignStore;
}

/** What beats work on. */
export interface UpkeepStores {
  readonly outbox: OutboxStore;
  readonly sweep: SweepStore;
  readonly rescue: RescueStore & MessageHoldings;
  /** Messages that the broker gave up. */
  readonly deadLetters: DeadLetterStore;
  readonly schedules: ScheduleStore;
  readonly retention: RetentionStore;
  /** Counts of what has ended. */
  readonly history: HistoryStore;
  /** The rows behind Celery's result backend. */
  readonly celery: CeleryStore;
  /** Celery's workers and tasks, as their events tell. */
  readonly celeryWatch: CeleryWatchStore;
  /** Which beats run. */
  readonly beats: BeatStore;
}

/** What is asked about the platform: by people, dashboards, monitors. */
export interface QueryStores {
  /** Questions about many tasks. */
  readonly lists: TaskLists;
  /** Tasks as they change. */
  readonly events: TaskEvents;
  /** Where a task is, and why. */
  readonly explain: TaskExplain;
  /** Questions about {@link UpkeepStores.history}. */
  readonly stats: HistoryReader;
  /** Queues: pauses and counts. */
  readonly queues: QueueStore;
  /** Workers and what they run. */
  readonly workers: WorkerStore;
  /** What workers have served, and what waits. */
  readonly contracts: ContractStore;
  /** What a dashboard watches. */
  readonly live: LiveReads;
}

/** What the gateway keeps for its users. */
export interface GatewayStores {
  /** Who stored which file. */
  readonly files: FileLedger;
  readonly bulk: BulkStore;
  readonly views: ViewStore;
  /** How much of what is limited was used, at all gateways together. */
  readonly rates: RateCounters;
  /** `R`: what load tests measure, as the caller says. */
  loadTests<R>(): LoadTestStore<R>;
}

/**
 * All stores of one database. A new store is named here and in `openStore` of its library; whatever is given the platform has it
 * then.
 */
export interface Stores extends TaskStores, UpkeepStores, QueryStores, GatewayStores {}
