import 'reflect-metadata';
import { hostname } from 'node:os';
import type { DynamicModule, INestMicroservice, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { CanvasQueues, CeleryCanvas } from '@lovage/canvas';
import { messageOfRow, submitChildWith } from '@lovage/client';
import { listenLean, LovageServer, NestLog } from '@lovage/nest';
import { openPlatform, type Platform } from '@lovage/platform';
import { systemClock, type EscapedKind, type Log } from '@lovage/ports';
import { servedContract } from '@lovage/runtime';
import type { Settings } from '@lovage/settings';
import { PgWorkerLease } from '@lovage/store-postgres';
import { ContractRegistry, type AnyContract } from '@lovage/task';
import { TasksModule } from '@lovage/tasks';
import { CeleryNode } from './celery/celery-node.ts';
import { scheduledTasks } from './celery/scheduled-tasks.ts';
import { ResultWriter } from './celery/result-writer.ts';
import { serveHealth } from './health/health-server.ts';
import { WorkerHealth } from './health/worker-health.ts';
import type { Listening } from './http/small-server.ts';
import type { MetricsServer } from './metrics/metrics-server.ts';
import { WorkerModule } from './worker.module.ts';

/** Of this build. */
export const VERSION = '0.1.0';

/** A stop takes about 5 s longer than the grace at most. */
const STOP_MARGIN_MS = 10_000;

/** Beside this file, whichever of the two it is. */
const CHILD = new URL(import.meta.url.endsWith('.ts') ? './child.ts' : './child.js', import.meta.url).href;

export interface WorkerAppOptions {
  readonly settings: Settings & { readonly databaseUrl: string };
  /** What it serves. */
  readonly contracts: readonly AnyContract[];
  /** Where the handlers are. Default: those that ship. */
  readonly modules?: readonly (Type | DynamicModule)[];
  /**
   * URL of the module that boots the same application in a child (`bootChild`). Default: `child.ts`, which boots what ships; with
   * other `modules`, none, and their contracts cannot ask for the pools `thread` and `process`.
   */
  readonly child?: string;
  /** Asks the process for a stop in order, for `celery control shutdown`. Default: that is refused. */
  readonly shutdown?: () => void;
  readonly log: Log;
}

/** A running worker. */
export interface WorkerApp {
  readonly platform: Platform;
  readonly server: LovageServer;
  /** Of a worker with a port for them. */
  readonly metrics: MetricsServer | undefined;
  /** Of a worker with a port for its health. */
  readonly health: Listening | undefined;
  /** See {@link TaskWorker.escaped}. */
  escaped(kind: EscapedKind, thrown: unknown): void;
  /** Longest that {@link stop} may take after an error that nobody caught, ms. */
  readonly escapedStopMs: number;
  /** Requeues what does not finish within the grace; then disconnects from the servers. */
  stop(): Promise<void>;
}

/**
 * Opens the servers, boots the Nest application and serves. What was opened is closed again when a later step fails.
 * @throws StoreUnavailableError BrokerUnavailableError HandlerMissingError HandlerDuplicateError
 */
export async function startWorker(options: WorkerAppOptions): Promise<WorkerApp> {
  const { settings, contracts, modules, log, child = modules ? undefined : CHILD } = options;
  const { databaseUrl, brokerUrl, deadLetterQueue, routes, worker, celery: shared } = settings;
  const platform = await openPlatform({
    ...{ databaseUrl, brokerUrl, deadLetterQueue, routes, log, celery: shared },
    applicationName: 'lovage-worker',
  });
  try {
    await platform.start();
    const registry = new ContractRegistry(contracts);
    const client = platform.client(registry);
    const info = {
      ...{ ...worker, host: hostname(), pid: process.pid },
      ...{ contracts: contracts.map(({ name }) => name), serves: contracts.map(servedContract) },
    };
    const served = new Set(info.contracts);
    let celery: CeleryNode | undefined;
    let results: ResultWriter | undefined;
    const server: LovageServer = new LovageServer(
      {
        broker: platform.broker,
        tasks: platform.tasks,
        logs: platform.logs,
        steps: platform.steps,
        queues: platform.queues,
        holdings: platform.rescue,
        limits: platform.limits,
        deadLetters: platform.deadLetters,
        contracts: platform.contracts,
        outbox: platform.outbox,
        messageOf: (row) => messageOfRow(row, platform.broker),
        canvas: new CeleryCanvas({
          ...{
            backend: platform.celeryBackend,
            tasks: platform.tasks,
            broker: platform.broker,
            clock: systemClock,
            log,
          },
          queues: new CanvasQueues({
            // Only asked once tasks end.
            ...{ consumes: (queue) => server.worker.steering.hasQueue(queue), serves: (name) => served.has(name) },
            contract: (name) => registry.find(name),
            ...{ routes, workers: platform.workers, clock: systemClock },
          }),
        }),
        lease: (onLost, work) => new PgWorkerLease({ url: databaseUrl, info, log, onLost, work }),
        log,
        contract: (name) => registry.find(name),
        submitChild: submitChildWith(client),
        prepare: (engine) => {
          celery = new CeleryNode({
            ...{ settings, client, log, worker: engine, broker: platform.broker, clock: systemClock },
            ...{ version: VERSION, contracts, shutdown: options.shutdown, scheduled: scheduledTasks(platform.lists) },
          });
          const { celeryBackend: backend } = platform;
          results =
            backend &&
            new ResultWriter({ backend, worker: engine, trackStarted: shared.trackStarted, clock: systemClock, log });
          results?.start();
          return celery.open();
        },
      },
      {
        ...worker,
        trackStarted: shared.trackStarted,
        contracts,
        children: child === undefined ? undefined : { ...worker.children, boot: child },
      },
    );
    const app: INestMicroservice = await NestFactory.createMicroservice<MicroserviceOptions>(
      WorkerModule.create(
        client,
        modules ?? [TasksModule.with(settings, { retention: platform.retention, files: platform.files, contracts })],
      ),
      { strategy: server, logger: new NestLog(log), abortOnError: false },
    );
    let metrics: MetricsServer | undefined;
    let health: Listening | undefined;
    try {
      await listenLean(app);
      metrics = await openMetrics(server, settings, results);
      health = await openHealth(server, platform, settings, results);
    } catch (error) {
      await metrics?.stop();
      await app.close();
      await celery?.close();
      throw error;
    }
    return {
      platform,
      server,
      metrics,
      health,
      escaped: (kind, thrown) => server.worker.escaped(kind, thrown),
      escapedStopMs: server.worker.shutdownGraceMs + STOP_MARGIN_MS,
      async stop() {
        await app.close();
        await results?.stop();
        await celery?.close();
        await health?.stop();
        await metrics?.stop();
        await platform.stop();
      },
    };
  } catch (error) {
    await platform.stop();
    throw error;
  }
}

async function openMetrics(
  server: LovageServer,
  settings: Settings,
  results: ResultWriter | undefined,
): Promise<MetricsServer | undefined> {
  const { metricsPort: port } = settings.worker;
  if (port === undefined) return undefined;
  const { host, metricsToken: token } = settings.http;
  const access = token !== undefined ? { token } : settings.mode === 'production' ? 'closed' : 'open';
  // Only now: a worker without metrics does not carry them.
  const { serveMetrics } = await import('./metrics/serve-metrics.ts');
  return serveMetrics(server.worker, { host, port, access }, results);
}

async function openHealth(
  { worker }: LovageServer,
  platform: Platform,
  settings: Settings,
  results: ResultWriter | undefined,
): Promise<Listening | undefined> {
  const { healthPort: port } = settings.worker;
  if (port === undefined) return undefined;
  const { broker, celeryBackend } = platform;
  const celeryResults = () =>
    celeryBackend && {
      state: celeryBackend.isUp ? ('up' as const) : ('down' as const),
      waiting: results?.waiting ?? 0,
    };
  const health = new WorkerHealth({
    worker,
    broker,
    celeryResults,
    pingDatabase: () => platform.pingDatabase(),
    clock: systemClock,
  });
  return serveHealth(health, { host: settings.http.host, port });
}
