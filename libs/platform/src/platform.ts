import { setTimeout as sleep } from 'node:timers/promises';
import { LovageClient, type LovageClientOptions } from '@lovage/client';
import {
  isMissingTable,
  Lifecycle,
  LovageError,
  maskUrl,
  type RouteRule,
  type Service,
  type TaskRoutes,
} from '@lovage/foundation';
import {
  ServerUrlError,
  StoreUnavailableError,
  systemClock,
  type Broker,
  type CeleryBackend,
  type Clock,
  type Log,
  type Stores,
} from '@lovage/ports';
import { openStore, openUserStore, type OpenUserStore, type PgStore } from '@lovage/store-postgres';
import type { ContractRegistry } from '@lovage/task';
import { NoBroker } from './no-broker.ts';
import { openBroker, schemeOf } from './brokers.ts';

export interface PlatformOptions {
  /** `postgres://…`: the system of record. */
  readonly databaseUrl: string;
  /** Of a scheme that an adapter serves (`brokers.ts`), as `amqp://…`. Default: the broker in `databaseUrl`. Null: none, what is submitted goes through the outbox. */
  readonly brokerUrl?: string | null;
  /** The management API of the broker (RabbitMQ's plugin), asked for messages in delivery. Default: nobody is asked. */
  readonly brokerManagementUrl?: string | undefined;
  /** Where the broker puts what was refused or given up; every process of a platform has the same. Default `lovage.dead`. */
  readonly deadLetterQueue?: string | undefined;
  /** What is shared with programs of Celery: queues that both declare, and where Celery's clients read results. Default: nothing. */
  readonly celery?: CeleryOptions | undefined;
  /** How the servers' own tools show this process. Default `lovage`. */
  readonly applicationName?: string;
  /** Connections to the database that wait for the disk. Default 8. */
  readonly maxConnections?: number;
  /** Where tasks go by their names: for the process's {@link Platform.client}. Default: where their contracts say. */
  readonly routes?: TaskRoutes | readonly RouteRule[];
  /** How long `start` tries each server, ms. Default 30000, for a busy machine; afterwards both are reconnected for ever. */
  readonly connectTimeoutMs?: number;
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: Clock;
}

/** See `CelerySharedSettings` of libs/settings. */
export interface CeleryOptions {
  readonly queues?: readonly string[];
  readonly delayQueues?: 'quorum' | 'classic' | undefined;
  readonly backend?:
    | {
        readonly url: string;
        readonly expiresMs?: number | undefined;
        readonly transport?: Readonly<Record<string, unknown>> | undefined;
      }
    | undefined;
}

/** The servers that a process works with. Started before whatever uses them, stopped after it. */
export interface Platform extends Service, Stores {
  readonly broker: Broker;
  /** Where Celery's clients read results; undefined: nowhere but in replies. It may be away: nothing waits for it. */
  readonly celeryBackend: CeleryBackend | undefined;
  /** Users; loads Prisma when first asked for. */
  users(): Promise<OpenUserStore>;
  /**
   * The process's one client. The first call decides what it knows; it is stopped with the platform.
   * @throws Error when a later call names other contracts.
   */
  client(contracts: ContractRegistry, options?: Pick<LovageClientOptions, 'queues'>): LovageClient;
  /** Resolves when the database answers. For readiness. @throws StoreUnavailableError */
  pingDatabase(): Promise<void>;
  /**
   * Does what a start needs of the database, again while that cannot be reached.
   * @throws StoreUnavailableError naming the server, after `connectTimeoutMs`.
   */
  whenReachable<T>(work: () => Promise<T>): Promise<T>;
}

/** The database answers, but has not the tables that it should. */
export class SchemaMissingError extends LovageError {
  readonly code = 'schema_missing';
}

/**
 * Opens the servers by their URLs. Nothing is connected before `start`, which resolves when both answer.
 * @throws ServerUrlError CeleryBackendUrlError
 */
export async function openPlatform(options: PlatformOptions): Promise<Platform> {
  const { databaseUrl, brokerUrl = databaseUrl, applicationName = 'lovage', connectTimeoutMs = 30_000, log } = options;
  const { deadLetterQueue, brokerManagementUrl: managementUrl, celery } = options;
  const clock = options.clock ?? systemClock;
  if (!['postgres', 'postgresql'].includes(schemeOf(databaseUrl)))
    throw new ServerUrlError('database', maskUrl(databaseUrl), 'postgres://user:password@host:5432/database');
  const broker =
    brokerUrl === null
      ? new NoBroker()
      : await openBroker({
          ...{ url: brokerUrl, managementUrl, connectTimeoutMs, applicationName },
          ...{ deadLetterQueue, log, clock, celeryQueues: celery?.queues, delayQueues: celery?.delayQueues },
        });
  const celeryBackend = celery?.backend && (await openCeleryBackend(celery.backend, log));
  const { maxConnections } = options;
  const store = openStore({ url: databaseUrl, applicationName, maxConnections, log, clock });
  const { ping: _ping, close: _close, ...stores } = store;
  const compiled = { ...options, applicationName, connectTimeoutMs, clock };
  return Object.assign(new ServerPlatform(compiled, broker, store, celeryBackend), stores satisfies Stores);
}

/** Loaded only where there is one. @throws CeleryBackendUrlError */
async function openCeleryBackend(
  { url, expiresMs, transport }: NonNullable<CeleryOptions['backend']>,
  log: Log,
): Promise<CeleryBackend> {
  const { openCeleryRedis } = await import('@lovage/celery-redis');
  return openCeleryRedis({ url, log, transport, ...(expiresMs !== undefined && { expiresMs }) });
}

type CompiledOptions = PlatformOptions &
  Required<Pick<PlatformOptions, 'applicationName' | 'connectTimeoutMs' | 'clock'>>;

/** Between two tries of the database at the start, ms. */
const RETRY_MS = 250;

/** What the platform does beside its stores. */
class ServerPlatform implements Omit<Platform, keyof Stores> {
  private readonly lifecycle = new Lifecycle(
    () => this.open(),
    () => this.close(),
  );
  private openUsers: Promise<OpenUserStore> | undefined;
  private only: { client: LovageClient; contracts: ContractRegistry } | undefined;

  constructor(
    private readonly options: CompiledOptions,
    readonly broker: Broker,
    private readonly store: PgStore,
    readonly celeryBackend: CeleryBackend | undefined,
  ) {}

  users(): Promise<OpenUserStore> {
    const { databaseUrl: url, applicationName } = this.options;
    return (this.openUsers ??= openUserStore({ url, applicationName }));
  }

  client(contracts: ContractRegistry, options: Pick<LovageClientOptions, 'queues'> = {}): LovageClient {
    if (this.only && this.only.contracts !== contracts)
      throw new Error('a process has one client; give client() the same contracts everywhere');
    if (!this.only) {
      const { broker } = this;
      const { tasks, outbox, lists, gaps } = this.store;
      const { log, clock, routes } = this.options;
      this.only = {
        contracts,
        client: new LovageClient({
          broker,
          tasks,
          outbox,
          lists,
          gaps,
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
    // Not awaited: it may be away, and nothing waits for it.
    void this.celeryBackend?.start();
  }

  private async close(): Promise<void> {
    await this.only?.client.stop();
    await this.celeryBackend?.stop();
    await this.broker.stop();
    await (await this.openUsers?.catch(() => undefined))?.close();
    await this.store.close();
  }

  async whenReachable<T>(work: () => Promise<T>): Promise<T> {
    const { clock, connectTimeoutMs, databaseUrl, log } = this.options;
    const until = clock.monotonic() + connectTimeoutMs;
    for (let first = true; ; first = false) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) throw error;
        const reason = rootMessage(error);
        if (clock.monotonic() + RETRY_MS > until)
          throw new StoreUnavailableError(`no PostgreSQL can be reached at ${maskUrl(databaseUrl)}: ${reason}`, {
            cause: error,
          });
        if (first) log.info({ database: maskUrl(databaseUrl), reason }, 'waiting for PostgreSQL');
        // Not the clock's timer: that one would let the process end here, with nothing else to keep it.
        await sleep(RETRY_MS);
      }
    }
  }

  private async reachDatabase(): Promise<void> {
    try {
      await this.whenReachable(() => this.store.tasks.finished([]));
    } catch (error) {
      if (!isMissingTable(error)) throw error;
      throw new SchemaMissingError(
        `the database at ${maskUrl(this.options.databaseUrl)} has no tables of Lovage's: run npx prisma migrate deploy`,
        { cause: error },
      );
    }
  }
}

/** What the driver said: the last cause. */
function rootMessage(error: Error): string {
  let last = error;
  while (last.cause instanceof Error) last = last.cause;
  // Of a host name with several addresses: one failure each.
  if (last instanceof AggregateError && last.errors.length > 0) return String((last.errors[0] as Error).message);
  return last.message;
}
