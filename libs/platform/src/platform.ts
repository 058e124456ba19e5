import { setTimeout as sleep } from 'node:timers/promises';
import { LovageClient, type LovageClientOptions } from '@lovage/client';
import { Lifecycle, LovageError, maskUrl, type RouteRule, type Service, type TaskRoutes } from '@lovage/foundation';
import {
  StoreUnavailableError,
  systemClock,
  type Broker,
  type Clock,
  type ContractStore,
  type BulkStore,
  type LoadTestStore,
  type ViewStore,
  type DeadLetterStore,
  type FileLedger,
  type HistoryReader,
  type HistoryStore,
  type LimitStore,
  type Log,
  type MessageHoldings,
  type OutboxStore,
  type RescueStore,
  type RowGaps,
  type QueueStore,
  type RetentionStore,
  type ScheduleStore,
  type StepStore,
  type SweepStore,
  type TaskEvents,
  type TaskExplain,
  type TaskLists,
  type TaskLogSink,
  type TaskStore,
  type BeatStore,
  type LiveReads,
  type WorkerStore,
} from '@lovage/ports';
import { openStore, openUserStore, type OpenUserStore, type PgStore } from '@lovage/store-postgres';
import type { ContractRegistry } from '@lovage/task';
import { NoBroker } from './no-broker.ts';
import { openBroker, schemeOf, ServerUrlError } from './open-broker.ts';

export interface PlatformOptions {
  /** `postgres://…`: the system of record. */
  readonly databaseUrl: string;
  /** `amqp://…` or `postgres://…`. Default: the broker in `databaseUrl`. Null: none, what is submitted goes through the outbox. */
  readonly brokerUrl?: string | null;
  /** RabbitMQ's management plugin, asked for messages in delivery. Default: nobody is asked. */
  readonly brokerManagementUrl?: string | undefined;
  /** Where the broker puts what was refused or given up; every process of a platform has the same. Default `lovage.dead`. */
  readonly deadLetterQueue?: string | undefined;
  /** How the servers' own tools show this process. Default `lovage`. */
  readonly applicationName?: string;
  /** Connections to the database that wait for the disk. Default 8. */
  readonly maxConnections?: number;
  /** Where tasks go by their names: for the process's {@link Platform.client}. Default: where their contracts say. */
  readonly routes?: TaskRoutes | readonly RouteRule[];
  /** How long `start` tries each server, ms. Default 10000; afterwards both are reconnected for ever. */
  readonly connectTimeoutMs?: number;
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/** The servers that a process works with. Started before whatever uses them, stopped after it. */
export interface Platform extends Service {
  readonly broker: Broker;
  readonly tasks: TaskStore;
  /** Questions about many tasks. */
  readonly lists: TaskLists;
  /** Tasks as they change. */
  readonly events: TaskEvents;
  /** What handlers log. */
  readonly logs: TaskLogSink;
  readonly limits: LimitStore;
  readonly steps: StepStore;
  readonly outbox: OutboxStore;
  readonly sweep: SweepStore;
  readonly rescue: RescueStore & MessageHoldings;
  /** Messages that the broker gave up. */
  readonly deadLetters: DeadLetterStore;
  readonly bulk: BulkStore;
  readonly views: ViewStore;
  /** `R`: what load tests measure, as whoever runs them says. */
  loadTests<R>(): LoadTestStore<R>;
  /** Where rows of accepted tasks may be missing. */
  readonly gaps: RowGaps;
  /** What workers have served, and what waits. */
  readonly contracts: ContractStore;
  readonly schedules: ScheduleStore;
  readonly retention: RetentionStore;
  /** Counts of what has ended. */
  readonly history: HistoryStore;
  /** Questions about them. */
  readonly stats: HistoryReader;
  /** Where a task is, and why. */
  readonly explain: TaskExplain;
  /** Queues: pauses and counts. */
  readonly queues: QueueStore;
  /** Who stored which file. */
  readonly files: FileLedger;
  /** Workers and what they run. */
  readonly workers: WorkerStore;
  /** Which beats run. */
  readonly beats: BeatStore;
  /** What those read who watch. */
  readonly live: LiveReads;
  /** Users; loads Prisma when first asked for. */
  users(): Promise<OpenUserStore>;
  /**
   * The process's one client. The first call decides what it knows; it is stopped with the platform.
   * @throws Error when a later call names other contracts.
   */
  client(contracts: ContractRegistry, options?: Pick<LovageClientOptions, 'queues'>): LovageClient;
  /** Resolves when the database answers. For readiness. @throws StoreUnavailableError */
  pingDatabase(): Promise<void>;
}

/** The database answers, but has not the tables that it should. */
export class SchemaMissingError extends LovageError {
  readonly code = 'schema_missing';
}

/**
 * Opens the servers by their URLs. Nothing is connected before `start`, which resolves when both answer.
 * @throws ServerUrlError
 */
export async function openPlatform(options: PlatformOptions): Promise<Platform> {
  const { databaseUrl, brokerUrl = databaseUrl, applicationName = 'lovage', connectTimeoutMs = 10_000, log } = options;
  const { deadLetterQueue, brokerManagementUrl } = options;
  const clock = options.clock ?? systemClock;
  if (!['postgres', 'postgresql'].includes(schemeOf(databaseUrl)))
    throw new ServerUrlError('database', maskUrl(databaseUrl), 'postgres://user:password@host:5432/database');
  const broker =
    brokerUrl === null
      ? new NoBroker()
      : await openBroker({
          ...{ url: brokerUrl, brokerManagementUrl, connectTimeoutMs, applicationName },
          ...{ deadLetterQueue, log, clock },
        });
  return new ServerPlatform({ ...options, applicationName, connectTimeoutMs, clock }, broker);
}

type CompiledOptions = PlatformOptions &
  Required<Pick<PlatformOptions, 'applicationName' | 'connectTimeoutMs' | 'clock'>>;

/** Between two tries of the database at the start, ms. */
const TRY_AGAIN_MS = 250;

class ServerPlatform implements Platform {
  private readonly store: PgStore;
  private readonly lifecycle = new Lifecycle(
    () => this.open(),
    () => this.close(),
  );
  private openUsers: Promise<OpenUserStore> | undefined;
  private only: { client: LovageClient; contracts: ContractRegistry } | undefined;

  constructor(
    private readonly options: CompiledOptions,
    readonly broker: Broker,
  ) {
    const { databaseUrl: url, applicationName, maxConnections, log, clock } = options;
    this.store = openStore({ url, applicationName, maxConnections, log, clock });
  }

  get tasks(): TaskStore {
    return this.store.tasks;
  }

  get lists(): TaskLists {
    return this.store.lists;
  }

  get events(): TaskEvents {
    return this.store.events;
  }

  get logs(): TaskLogSink {
    return this.store.logs;
  }

  get limits(): LimitStore {
    return this.store.limits;
  }

  get steps(): StepStore {
    return this.store.steps;
  }

  get outbox(): OutboxStore {
    return this.store.outbox;
  }

  get sweep(): SweepStore {
    return this.store.sweep;
  }

  get rescue(): RescueStore & MessageHoldings {
    return this.store.rescue;
  }

  get gaps(): RowGaps {
    return this.store.gaps;
  }

  get deadLetters(): DeadLetterStore {
    return this.store.deadLetters;
  }

  get bulk(): BulkStore {
    return this.store.bulk;
  }

  get views(): ViewStore {
    return this.store.views;
  }

  loadTests<R>(): LoadTestStore<R> {
    return this.store.loadTests<R>();
  }

  get contracts(): ContractStore {
    return this.store.contracts;
  }

  get schedules(): ScheduleStore {
    return this.store.schedules;
  }

  get retention(): RetentionStore {
    return this.store.retention;
  }

  get history(): HistoryStore {
    return this.store.history;
  }

  get stats(): HistoryReader {
    return this.store.stats;
  }

  get explain(): TaskExplain {
    return this.store.explain;
  }

  get files(): FileLedger {
    return this.store.files;
  }

  get queues(): QueueStore {
    return this.store.queues;
  }

  get workers(): WorkerStore {
    return this.store.workers;
  }

  get beats(): BeatStore {
    return this.store.beats;
  }

  get live(): LiveReads {
    return this.store.live;
  }

  users(): Promise<OpenUserStore> {
    const { databaseUrl: url, applicationName } = this.options;
    return (this.openUsers ??= openUserStore({ url, applicationName }));
  }

  client(contracts: ContractRegistry, options: Pick<LovageClientOptions, 'queues'> = {}): LovageClient {
    if (this.only && this.only.contracts !== contracts)
      throw new Error('a process has one client; give client() the same contracts everywhere');
    if (!this.only) {
      const { broker, tasks, outbox, lists } = this;
      const { log, clock, routes } = this.options;
      this.only = {
        contracts,
        client: new LovageClient({
          broker,
          tasks,
          outbox,
          lists,
          gaps: this.gaps,
          contracts,
          routes,
          log,
          clock,
          ...options,
        }),
      };
    }
    return this.only.client;
  }

  pingDatabase(): Promise<void> {
    return this.store.ping();
  }

  /** @throws StoreUnavailableError BrokerUnavailableError naming the server; SchemaMissingError */
  start(): Promise<void> {
    return this.lifecycle.start();
  }

  stop(): Promise<void> {
    return this.lifecycle.stop();
  }

  private async open(): Promise<void> {
    await this.reachDatabase();
    await this.broker.start();
  }

  private async close(): Promise<void> {
    await this.only?.client.stop();
    await this.broker.stop();
    await (await this.openUsers?.catch(() => undefined))?.close();
    await this.store.close();
  }

  private async reachDatabase(): Promise<void> {
    const { clock, connectTimeoutMs, databaseUrl, log } = this.options;
    const until = clock.monotonic() + connectTimeoutMs;
    for (let first = true; ; first = false) {
      try {
        await this.store.tasks.finished([]);
        return;
      } catch (error) {
        if (isUndefinedTable(error))
          throw new SchemaMissingError(
            `the database at ${maskUrl(databaseUrl)} has no tables of Lovage's: run npx prisma migrate deploy`,
            { cause: error },
          );
        if (!(error instanceof StoreUnavailableError)) throw error;
        const why = rootMessage(error);
        if (clock.monotonic() + TRY_AGAIN_MS > until)
          throw new StoreUnavailableError(`no PostgreSQL can be reached at ${maskUrl(databaseUrl)}: ${why}`, {
            cause: error,
          });
        if (first) log.info({ database: maskUrl(databaseUrl), why }, 'waiting for PostgreSQL');
        // Not the clock's timer: that one would let the process end here, with nothing else to keep it.
        await sleep(TRY_AGAIN_MS);
      }
    }
  }
}

function isUndefinedTable(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === '42P01';
}

/** What the driver said: the last cause. */
function rootMessage(error: Error): string {
  let last = error;
  while (last.cause instanceof Error) last = last.cause;
  // Of a host name with several addresses: one failure each.
  if (last instanceof AggregateError && last.errors.length > 0) return String((last.errors[0] as Error).message);
  return last.message;
}
