import type { Clock, Stores } from '@lovage/ports';
import { PgBulkStore } from './bulk/pg-bulk-store.ts';
import { PgBeatStore } from './beats/pg-beat-store.ts';
import { PgCeleryWatch } from './celery/pg-celery-watch.ts';
import { PgCeleryStore } from './celery/pg-celery-store.ts';
import { PgContractStore } from './contracts/pg-contract-store.ts';
import { Database, type DatabaseOptions } from './database.ts';
import { PgDeadLetterStore } from './dead-letters/pg-dead-letter-store.ts';
import { PgTaskEvents } from './events/pg-task-events.ts';
import { PgTaskLogSink } from './events/pg-task-log-sink.ts';
import { PgTaskExplain } from './explain/pg-task-explain.ts';
import { PgForeignStore } from './foreign/pg-foreign-store.ts';
import { PgFileLedger } from './files/pg-file-ledger.ts';
import { PgLiveReads } from './live/pg-live-reads.ts';
import { PgHistoryReader } from './history/pg-history-reader.ts';
import { PgHistoryStore } from './history/pg-history-store.ts';
import { PgLimitStore } from './limits/pg-limit-store.ts';
import { PgTaskLists } from './lists/pg-task-lists.ts';
import { ReadingPool } from './lists/reading-pool.ts';
import { PgLoadTestStore } from './load-tests/pg-load-test-store.ts';
import { PgOutboxStore } from './outbox/pg-outbox-store.ts';
import { PgRateCounters } from './rates/pg-rate-counters.ts';
import { PgRescueStore } from './rescue/pg-rescue-store.ts';
import { PgQueueStore } from './queues/pg-queue-store.ts';
import { PgRetentionStore } from './retention/pg-retention-store.ts';
import { PgScheduleStore } from './schedules/pg-schedule-store.ts';
import { PgRowGaps } from './gaps/pg-row-gaps.ts';
import { PgStepStore } from './steps/pg-step-store.ts';
import { PgSweepStore } from './sweep/pg-sweep-store.ts';
import { PgTaskStore } from './tasks/pg-task-store.ts';
import { PgViewStore } from './views/pg-view-store.ts';
import { PgWorkerStore } from './workers/pg-worker-store.ts';

/** The stores of one database, on shared connections. */
export interface PgStore extends Stores {
  /** Resolves when Postgres answers. @throws StoreUnavailableError */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** What is grouped by step, series and bucket stays in memory. */
const HISTORY_SETTINGS = '-c work_mem=64MB';

/** Connections are made when first used; call `ping` to know that they can be. */
export function openStore(options: DatabaseOptions & { clock?: Clock }): PgStore {
  const database = new Database(options);
  const reading = new ReadingPool(options);
  const counts = new ReadingPool(options, 'counts of what has ended', 2, HISTORY_SETTINGS);
  const searching = new ReadingPool(options, 'searches for a text', 2);
  return {
    tasks: new PgTaskStore(database),
    lists: new PgTaskLists(reading, searching, { clock: options.clock }),
    events: new PgTaskEvents(reading),
    logs: new PgTaskLogSink(database),
    limits: new PgLimitStore(database, reading),
    steps: new PgStepStore(database),
    outbox: new PgOutboxStore(database, options.clock),
    sweep: new PgSweepStore(database, options.clock),
    rescue: new PgRescueStore(database),
    gaps: new PgRowGaps(database),
    foreign: new PgForeignStore(database),
    deadLetters: new PgDeadLetterStore(database, reading),
    contracts: new PgContractStore(database),
    schedules: new PgScheduleStore(database),
    retention: new PgRetentionStore(database),
    history: new PgHistoryStore(database),
    stats: new PgHistoryReader(counts),
    queues: new PgQueueStore(database, reading),
    workers: new PgWorkerStore(reading),
    beats: new PgBeatStore(database),
    celery: new PgCeleryStore(database),
    celeryWatch: new PgCeleryWatch(database, reading),
    live: new PgLiveReads(reading, searching),
    explain: new PgTaskExplain(database),
    files: new PgFileLedger(database, reading),
    bulk: new PgBulkStore(database),
    views: new PgViewStore(database),
    rates: new PgRateCounters(database, options.clock),
    loadTests: <R>() => new PgLoadTestStore<R>(database),
    ping: () => database.ping(),
    close: async () => void (await Promise.all([database.close(), reading.close(), searching.close(), counts.close()])),
  };
}
