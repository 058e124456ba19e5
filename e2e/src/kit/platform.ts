import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres } from '@lovage/embedded-postgres';
import { eventually, startProcess, type ProcessExit, type TestProcess } from '@lovage/testing';
import { descendants, processes, survivors, type ProcessInfo } from './processes.ts';
import { RestClient } from './rest.ts';

export interface RunningPlatformOptions {
  /** Variables of the platform. Whatever the tests' own environment or a `.env` say does not reach it. */
  readonly env?: Readonly<Record<string, string>>;
  /** The checkout it is started in. Default: this one. */
  readonly root?: string;
  /** Default: a new folder, removed at the end. */
  readonly dataDir?: string;
  /** Default `default`. */
  readonly queue?: string;
  /** The URL by which a suite asks and prepares the database. Default: the one that the platform has. */
  readonly ownerUrl?: string;
  /** How it is started. Default: the program behind `npm start`. */
  readonly command?: readonly [string, ...string[]];
}

export type PlatformApp = 'gateway' | 'worker' | 'beat';

/** As `npm start`: from the build that it keeps, which is loaded in a fraction of the time of the sources. */
const LAUNCH = [process.execPath, '--conditions=@lovage/source', 'tools/start.mjs'] as const;
const settings = readFileSync(new URL('../../../.env.example', import.meta.url), 'utf8');
/** Every setting, unset: what is empty is as good as not set, and wins over a `.env`. */
export const UNSET: Readonly<Record<string, string>> = Object.fromEntries(
  [...settings.matchAll(/^# ([A-Z_]+)=/gm)].map(([, name]) => [name!, '']),
);
/** More than the promised 30 s: a test says how long it took, and a busy machine is no defect. */
const READY_TIMEOUT_MS = 90_000;
const STOP_TIMEOUT_MS = 15_000;

/** The real platform: launcher, gateway, worker, beat and (embedded) PostgreSQL as processes. */
export class RunningPlatform {
  readonly rest: RestClient;

  private constructor(
    readonly launcher: TestProcess,
    /** From the start of the program to the line that says so. */
    readonly readyMs: number,
    readonly dataDir: string,
    url: string,
    private readonly options: RunningPlatformOptions,
  ) {
    this.rest = new RestClient(url, options.queue ?? 'default');
  }

  /** Resolves when it serves and a client is logged in. */
  static async start(options: RunningPlatformOptions = {}): Promise<RunningPlatform> {
    const { env = {}, root, command = LAUNCH } = options;
    const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'lovage-e2e-'));
    const forget = (): void => {
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
    };
    const began = performance.now();
    const launcher = await startProcess(command[0], command.slice(1), {
      env: { ...UNSET, DATA_DIR: dataDir, PORT: '0', WORKER_QUEUES: options.queue ?? 'default', ...env },
      ...(root === undefined ? {} : { cwd: root }),
      ready: 'Lovage is ready',
      timeoutMs: READY_TIMEOUT_MS,
    }).catch((error: unknown) => {
      forget();
      throw error;
    });
    const readyMs = performance.now() - began;
    try {
      const swagger = await launcher.line(/Swagger +http/);
      const url = /(http:\/\/\S+)\/docs/.exec(swagger)![1]!;
      const platform = new RunningPlatform(launcher, readyMs, dataDir, url, options);
      // Or a suite that runs over the full hour would find a task that it has not submitted.
      await platform.query('update schedules set paused_at = now()');
      await platform.rest.logIn('admin@lovage.local', readFileSync(join(dataDir, 'admin-password'), 'utf8').trim());
      return platform;
    } catch (error) {
      launcher.signalGroup('SIGTERM');
      await launcher.exit;
      forget();
      throw error;
    }
  }

  /** Another start with the same data and settings, once this one has ended. */
  again(): Promise<RunningPlatform> {
    return RunningPlatform.start({ ...this.options, dataDir: this.dataDir });
  }

  /** Everything that runs of it, the launcher included. */
  processes(): ProcessInfo[] {
    const { pid } = this.launcher;
    return [...processes().filter((one) => one.pid === pid), ...descendants(pid)];
  }

  /** The process that runs this app at the moment. */
  pid(app: PlatformApp): Promise<number> {
    return eventually(
      () => descendants(this.launcher.pid).find((one) => one.command.includes(`apps/${app}/src/main.`))?.pid,
    );
  }

  async signal(app: PlatformApp, signal: NodeJS.Signals): Promise<void> {
    process.kill(await this.pid(app), signal);
  }

  /** Rows of a statement on its database, as its owner. */
  async query<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.options.ownerUrl ?? (await this.databaseUrl()) });
    await client.connect();
    try {
      return (await client.query<Row>(sql, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** Ctrl-C in the terminal that runs the launcher; tells how it ended and what outlived it. */
  async interrupt(): Promise<ProcessExit & { readonly tookMs: number; readonly left: readonly ProcessInfo[] }> {
    const all = this.processes();
    const began = performance.now();
    this.launcher.signalGroup('SIGINT');
    const exit = await this.launcher.exit;
    const tookMs = performance.now() - began;
    // Also what was started in between, or is no child of the launcher any more.
    const strays = processes().filter((one) => one.command.includes(this.dataDir));
    return { ...exit, tookMs, left: [...survivors(all), ...strays] };
  }

  /** Its database; the URL holds the password. */
  async databaseUrl(): Promise<string> {
    const named = this.options.env?.['DATABASE_URL'];
    if (named !== undefined) return named;
    const server = EmbeddedPostgres.find(join(this.dataDir, 'postgres'));
    if (!server) throw new Error(`no PostgreSQL runs on ${this.dataDir}`);
    const url = new URL(server.url);
    url.pathname = '/lovage';
    return url.toString();
  }

  /** Ends it as a terminal does, and whatever is left of it after that. */
  async [Symbol.asyncDispose](): Promise<void> {
    const all = this.launcher.running ? this.processes() : [];
    this.launcher.signalGroup('SIGTERM');
    await eventually(() => survivors(all).length === 0, { timeoutMs: STOP_TIMEOUT_MS, everyMs: 50 }).catch(() => {
      for (const { pid } of survivors(all)) killed(pid);
    });
    await this.launcher.kill();
    if (this.options.dataDir === undefined) rmSync(this.dataDir, { recursive: true, force: true });
  }
}

function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
