import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gatewaySecrets, type Env, type Settings } from '@lovage/settings';
import { appSpec, type AppSetup, type AppName } from '../launcher/apps.ts';
import type { AppProcessSpec } from '../launcher/child.ts';
import { listenPort } from '../launcher/listen-port.ts';
import { applyMigrations } from '../launcher/migrations.ts';
import type { LauncherOutput } from '../launcher/output.ts';
import { reachBroker } from '../launcher/servers.ts';
import { Supervisor } from '../launcher/supervisor.ts';
import { SharedDatabase } from './shared-database.ts';
import { SourceWatcher } from './source-watcher.ts';

/** A developer waits: what an app has not finished by then is cut off. */
const RELOAD_PATIENCE_MS = 2000;

export interface ServeOptions {
  readonly app: AppName;
  readonly root: string;
  readonly env: Env;
  readonly settings: Settings;
  readonly output: LauncherOutput;
  readonly workerFlags?: readonly string[];
  /** How the app is run. Default: from its source. */
  readonly specOf?: (name: AppName, setup: AppSetup) => AppProcessSpec;
  /** Directories whose changes restart it. Default: the app's source and that of every lib. */
  readonly watch?: readonly string[];
}

/** Runs one app with the settings of `npm start`, and again at each edit of its source. */
export class Serve {
  private database: SharedDatabase | undefined;
  private supervisor: Supervisor | undefined;
  private watcher: SourceWatcher | undefined;
  private starting: Promise<void> | undefined;
  private stopping = false;

  constructor(private readonly options: ServeOptions) {}

  start(): Promise<void> {
    this.starting ??= this.begin();
    return this.starting;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.watcher?.close();
    await this.supervisor?.stop();
    await this.starting?.catch(() => undefined);
    await this.database?.stop();
  }

  kill(): void {
    this.supervisor?.kill();
  }

  private async begin(): Promise<void> {
    const { app, root, env, settings, output } = this.options;
    const { host, port: wish } = settings.http;
    const port = app === 'gateway' ? await listenPort(host, wish) : wish;
    const database = await SharedDatabase.open({
      databaseUrl: settings.databaseUrl,
      dataDir: settings.dataDir,
      say: (text) => output.say(text),
    });
    this.database = database;
    if (settings.brokerUrl !== undefined) await reachBroker('BROKER_URL', settings.brokerUrl);
    if (this.stopping) return;
    await applyMigrations(database.url, root);
    if (this.stopping) return;
    const secrets = gatewaySecrets(settings);
    const workerFlags = this.options.workerFlags ?? [];
    const { dashboardDir = join(root, 'apps/dashboard/dist') } = settings.http;
    const setup: AppSetup = {
      root,
      dashboardDir,
      env,
      settings,
      databaseUrl: database.url,
      port,
      secrets,
      workerFlags,
    };
    const supervisor = new Supervisor((this.options.specOf ?? appSpec)(app, setup), output);
    this.supervisor = supervisor;
    await supervisor.start();
    if (this.stopping) return;
    this.watcher = new SourceWatcher(this.options.watch ?? sources(root, app), (file) => {
      output.say(`${relative(root, file)} changed: ${app} starts again`);
      void supervisor.restart(RELOAD_PATIENCE_MS);
    });
    output.say(app === 'gateway' ? `gateway serves http://${host}:${port}/docs` : `${app} serves`);
    if (secrets.adminIsNew) output.say(`log in as ${secrets.admin.email}, password ${secrets.admin.password}`);
  }
}

function sources(root: string, app: AppName): string[] {
  const libs = readdirSync(join(root, 'libs')).map((lib) => join(root, 'libs', lib, 'src'));
  return [join(root, 'apps', app, 'src'), ...libs];
}
