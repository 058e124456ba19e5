import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Lifecycle, type Service } from '@lovage/foundation';
import { NestLog } from '@lovage/nest';
import { AccessTokens } from './auth/access-tokens.ts';
import { authenticateEarly } from './auth/authenticate.ts';
import { Standings } from './auth/standings.ts';
import type { GatewayDeps, GatewayOptions } from './deps.ts';
import { serveDashboard } from './dashboard/serve-dashboard.ts';
import { takeForms } from './files/multipart.ts';
import { GatewayModule } from './gateway.module.ts';
import { addRequestHooks, createAdapter, instanceOf } from './http/adapter.ts';
import { BodyDeadline } from './http/body-deadline.ts';
import { KnownRoutes } from './http/known-routes.ts';
import { OpenWaits } from './http/open-waits.ts';
import { secure } from './http/security.ts';
import { measure } from './metrics/measure.ts';
import { GatewayMetrics } from './metrics/metrics.ts';
import { serveDocs } from './openapi/docs.ts';
import { ProblemFilter } from './problems/problem.filter.ts';
import { withStoreDeadlines } from './store-deadlines.ts';

/** How long requests under way may take to end at a stop, ms; then their connections are cut. */
const DRAIN_MS = 4_500;

export interface ListenOptions {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
}

/** The REST server. What it serves is given, and stays open when it stops. */
export class Gateway implements Service {
  private readonly waits = new OpenWaits();
  private readonly deps: GatewayDeps;
  private readonly bodies: BodyDeadline;
  private readonly lifecycle: Lifecycle;
  private app: NestFastifyApplication | undefined;

  constructor(
    deps: GatewayDeps,
    private readonly options: GatewayOptions & { readonly listen?: ListenOptions },
  ) {
    this.deps = withStoreDeadlines(deps);
    this.bodies = new BodyDeadline(deps.clock, options.bodyLimit);
    this.lifecycle = new Lifecycle(
      () => this.open(),
      () => this.close(),
    );
  }

  /** The Nest application, once started; in tests `http.inject` asks it without a port. */
  get http(): NestFastifyApplication {
    if (!this.app) throw new Error('the gateway has not started');
    return this.app;
  }

  /** Where it listens, such as `http://127.0.0.1:8000`. */
  get url(): Promise<string> {
    return this.http.getUrl();
  }

  /** Answers held back for a client that waits for a task. */
  get openWaits(): number {
    return this.waits.size;
  }

  /** Resolves when requests are served. @throws Error `EADDRINUSE` when the port is taken. */
  start(): Promise<void> {
    return this.lifecycle.start();
  }

  /** Answers those who wait, ends the requests under way and takes no more. */
  stop(): Promise<void> {
    return this.lifecycle.stop();
  }

  private async open(): Promise<void> {
    const { deps, options, waits } = this;
    const routes = new KnownRoutes();
    const adapter = createAdapter(options);
    const server = instanceOf(adapter);
    takeForms(server);
    routes.watch(server);
    this.bodies.watch(server);
    addRequestHooks(server, () => waits.stopping, deps.log);
    await secure(server, options.corsOrigins ?? []);
    const app = await NestFactory.create<NestFastifyApplication>(GatewayModule.of(deps, options, waits), adapter, {
      logger: new NestLog(deps.log),
      bodyParser: false,
      abortOnError: false,
    });
    this.app = app;
    measure(server, app.get(GatewayMetrics, { strict: false }));
    authenticateEarly(server, {
      tokens: app.get(AccessTokens, { strict: false }),
      standings: app.get(Standings, { strict: false }),
      keyHolder: (hash) => deps.checks.useApiKey(hash),
    });
    app.useGlobalFilters(new ProblemFilter(routes, deps.log));
    serveDocs(app, server, deps.contracts);
    await serveDashboard(server, options.dashboard?.folder);
    if (options.listen) await app.listen(options.listen.port, options.listen.host);
    else {
      await app.init();
      await server.ready();
    }
  }

  private async close(): Promise<void> {
    this.waits.stop();
    this.bodies.stop();
    const { app } = this;
    if (!app) return;
    const server = app.getHttpServer() as { closeAllConnections(): void };
    const cancelCut = this.deps.clock.after(DRAIN_MS, () => server.closeAllConnections());
    try {
      await app.close();
    } finally {
      cancelCut();
    }
  }
}
