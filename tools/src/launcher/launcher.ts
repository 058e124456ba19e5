import { Signal } from '@lovage/foundation';
import { gatewaySecrets, type Env, type Settings } from '@lovage/settings';
import { appSpec, type AppSetup, type AppName } from './apps.ts';
import { banner } from './banner.ts';
import type { AppProcessSpec } from './child.ts';
import { dashboardFolder, makeDashboard } from './dashboard-build.mjs';
import { type OpenDatabase, openDatabase } from './database.ts';
import { listenPort } from './listen-port.ts';
import { applyMigrations } from './migrations.ts';
import type { LauncherOutput } from './output.ts';
import { reachBroker } from './servers.ts';
import { still } from './still.ts';
import { Supervisor } from './supervisor.ts';

const APPS: readonly AppName[] = ['gateway', 'worker', 'beat'];

export interface LauncherOptions {
  readonly root: string;
  /** The directory of the kept build. Default: the apps are run from their sources. */
  readonly build?: string | undefined;
  readonly env: Env;
  readonly settings: Settings;
  readonly output: LauncherOutput;
  /** Flags for the worker, such as `-Q a,b -c 20`. */
  readonly workerFlags?: readonly string[];
  /** Makes the build of the dashboard in a folder, if it is not there. Default: by Vite. */
  readonly makeDashboard?: typeof makeDashboard;
  /** How an app is run. Default: from `build`, or its source in `apps`. */
  readonly specOf?: (name: AppName, setup: AppSetup) => AppProcessSpec;
}

/**
 * Runs the whole platform on this machine: the database, its migrations, then gateway, worker and beat, each a process
 * of its own that is started again when it ends.
 */
export class Launcher {
  /** Told when all children serve. */
  readonly ready = new Signal();
  private readonly supervisors = new Map<AppName, Supervisor>();
  private database: OpenDatabase | undefined;
  private readonly building = new AbortController();
  private dashboard: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;
  private starting: Promise<void> | undefined;

  constructor(private readonly options: LauncherOptions) {}

  /**
   * Resolves when everything serves.
   * @throws ExitError, SettingError, EmbeddedPostgresError: what is running by then still wants {@link stop}.
   */
  start(): Promise<void> {
    this.starting ??= this.begin();
    return this.starting;
  }

  /** Ends the children together, then the database. Idempotent. */
  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  /** No more waiting for children. The database is still shut down in order. */
  kill(): void {
    for (const supervisor of this.supervisors.values()) supervisor.kill();
  }

  private async begin(): Promise<void> {
    const startedAt = performance.now();
    const { root, build, env, settings, output } = this.options;
    const secrets = gatewaySecrets(settings);
    const port = await listenPort(settings.http.host, settings.http.port);
    const opening = Promise.all([
      openDatabase({
        databaseUrl: settings.databaseUrl,
        dataDir: settings.dataDir,
        say: (text) => output.say(text),
      }).then((opened) => (this.database = opened)),
      settings.brokerUrl === undefined ? undefined : reachBroker('BROKER_URL', settings.brokerUrl),
    ]);
    const [database] = await still(output, () => 'opening the database', opening);
    if (this.stopping) return;
    await still(output, () => 'applying the migrations', applyMigrations(database.url, root));
    if (this.stopping) return;

    const { dashboardDir = dashboardFolder(root) } = settings.http;
    const setup: AppSetup = {
      root,
      build,
      env,
      settings,
      databaseUrl: database.url,
      port,
      secrets,
      dashboardDir,
      workerFlags: this.options.workerFlags ?? [],
    };
    const specOf = this.options.specOf ?? appSpec;
    for (const name of APPS) this.supervisors.set(name, new Supervisor(specOf(name, setup), output));
    await Promise.all([...this.supervisors.values()].map((supervisor) => supervisor.start()));
    if (this.stopping) return;
    output.say(
      banner({
        settings,
        port,
        databaseUrl: database.url,
        embedded: database.embedded,
        secrets,
        startMs: performance.now() - startedAt,
      }),
    );
    this.ready.emit();
    // Only now: the start has the machine for itself. Until it is there, the gateway's page says that it is being made.
    if (settings.http.dashboardDir === undefined) this.dashboard = this.buildDashboard(dashboardDir);
  }

  private async buildDashboard(folder: string): Promise<void> {
    const make = this.options.makeDashboard ?? makeDashboard;
    const wrong = await make(this.options.root, folder, this.building.signal);
    if (wrong !== undefined && !this.building.signal.aborted)
      this.options.output.say(`the dashboard could not be built; all else works\n${wrong}`);
  }

  private async end(): Promise<void> {
    this.building.abort();
    await Promise.all([...this.supervisors.values()].map((supervisor) => supervisor.stop()));
    // A stop during the start: wait for the step under way, so that the database it opens is closed too.
    await this.starting?.catch(() => undefined);
    await this.dashboard;
    await this.database?.stop();
  }
}
