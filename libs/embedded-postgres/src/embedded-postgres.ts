import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Signal } from '@lovage/foundation';
import pg from 'pg';
import { findAccount } from './account.ts';
import { type Binaries, findBinaries } from './binaries.ts';
import { DataDir } from './data-dir.ts';
import { EmbeddedPostgresError } from './errors.ts';
import { initCluster } from './init-cluster.ts';
import { isOwned, type Owned, takeOwnership } from './ownership.ts';
import { choosePort } from './ports.ts';
import { isServerOf, processKind } from './process-table.ts';
import { endServer, type Exit, ServerProcess } from './server-process.ts';

const USER = 'postgres';
/** How long to wait for a predecessor that is dead but not yet reaped, or for a port that others race for. */
const PATIENCE_MS = 15_000;
/** A server that recovers after a crash, on a busy machine, may take minutes; one that fails ends by itself. */
const READY_MS = 180_000;

const DEFAULT_SETTINGS = {
  listen_addresses: '127.0.0.1',
  // TCP only: a socket file's path has a length limit that a deep checkout exceeds.
  unix_socket_directories: '',
  max_connections: '200',
  timezone: 'UTC',
  // Errors of statements are the client's to report: the file keeps what is about the server.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
};

export interface EmbeddedPostgresOptions {
  /** Directory of this server's files; made when missing. A database once there is kept. */
  readonly dataDir: string;
  /** Port on 127.0.0.1. Default 0: a free one, remembered in the directory and taken again while it is free. */
  readonly port?: number;
  /** Server settings over the defaults, as in `postgresql.conf`. The defaults are durable: nothing committed is lost. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Told what it does, a line at a time. Default: nobody. */
  readonly log?: (line: string) => void;
}

/**
 * A real PostgreSQL server run from npm's binaries, with its data in a directory of yours: for development and tests,
 * where nobody should have to install a server.
 *
 * It listens on 127.0.0.1 only, with a random password. One process owns the directory at a time, by the operating
 * system's lock on a file in it; a server that a killed process left behind is shut down and started anew. It installs no signal
 * handlers: the process that starts it stops it. If this process is killed, the server shuts itself down.
 */
export class EmbeddedPostgres {
  /** The server ended without {@link stop}. */
  readonly died = new Signal<Exit>();

  private readonly dir: DataDir;
  private readonly log: (line: string) => void;
  private server: ServerProcess | undefined;
  private owned: Owned | undefined;
  private port: number | undefined;
  private starting: Promise<{ url: string }> | undefined;

  constructor(private readonly options: EmbeddedPostgresOptions) {
    this.dir = new DataDir(resolve(options.dataDir));
    this.log = options.log ?? (() => undefined);
  }

  /**
   * URL of the server of this directory if one runs, whichever process owns it; for programs that want to join it.
   * The URL holds the password.
   */
  static find(dataDir: string): { url: string } | undefined {
    const dir = new DataDir(resolve(dataDir));
    const postmaster = dir.initialised ? dir.postmaster() : undefined;
    if (!postmaster?.ready || !isServerOf(postmaster.pid, dir.cluster)) return undefined;
    // Without an owner it is about to end.
    return isOwned(dir.lockFile) ? { url: urlOf(dir, postmaster.port, 'postgres') } : undefined;
  }

  /**
   * Resolves with the URL of the database `postgres` once the server takes connections. First use makes the cluster.
   * @throws EmbeddedPostgresError
   */
  start(): Promise<{ url: string }> {
    this.starting ??= this.begin().catch(async (error: unknown) => {
      this.starting = undefined;
      await this.end();
      throw error;
    });
    return this.starting;
  }

  /** Shuts the server down; connections still open are closed. Idempotent, fine on one that never started; it may be started again. */
  async stop(): Promise<void> {
    await this.starting?.catch(() => undefined);
    this.starting = undefined;
    await this.end();
  }

  /**
   * Makes the database unless it is there; resolves with its URL.
   * @throws EmbeddedPostgresError `embedded_postgres_not_started`
   */
  async createDatabase(name: string): Promise<{ url: string }> {
    if (this.port === undefined || !this.server)
      throw new EmbeddedPostgresError('embedded_postgres_not_started', 'start the embedded PostgreSQL first');
    const client = new pg.Client({ connectionString: urlOf(this.dir, this.port, 'postgres') });
    await client.connect();
    try {
      await client.query(`create database ${client.escapeIdentifier(name)}`);
    } catch (error) {
      const code = (error as { code?: string }).code;
      // 42P04: it is there; 23505: another session makes it at this moment
      if (code !== '42P04' && code !== '23505') throw error;
    } finally {
      await client.end();
    }
    return { url: urlOf(this.dir, this.port, name) };
  }

  private async begin(): Promise<{ url: string }> {
    const binaries = findBinaries();
    this.dir.make();
    await this.own();
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const outcome = await this.attempt(binaries, performance.now() > deadline);
      if (outcome === 'started') return { url: urlOf(this.dir, this.port!, 'postgres') };
      await sleep(50);
    }
  }

  /** Nothing in the directory is judged or started before it is ours. */
  private async own(): Promise<void> {
    // Still held when the server ended by itself and is started again.
    if (this.owned) return;
    const ownership = await takeOwnership(this.dir.lockFile);
    if (ownership.kind === 'taken')
      throw new EmbeddedPostgresError(
        'embedded_postgres_in_use',
        `the embedded PostgreSQL in ${this.dir.path} is run by another process${ownership.pid === undefined ? '' : ` (pid ${ownership.pid})`}: ` +
          `stop that first, or name another DATA_DIR`,
      );
    this.owned = ownership;
  }

  /** One try; `again` while a predecessor is not quite gone. On the `last` one that is an error. */
  private async attempt(binaries: Binaries, last: boolean): Promise<'started' | 'retry'> {
    const fsync = this.options.settings?.['fsync'] !== 'off';
    const account = findAccount({
      dir: this.dir.path,
      initdb: binaries.initdb,
      ...(this.dir.initialised ? { cluster: this.dir.cluster } : {}),
    });
    const password = this.dir.password();
    if (!this.dir.initialised) {
      this.log('making the database files');
      await initCluster(this.dir, { initdb: binaries.initdb, account, user: USER, password, sync: fsync });
    }

    const before = this.dir.postmaster();
    if (before && isServerOf(before.pid, this.dir.cluster)) {
      // We own the directory, so nobody else does: its owner was killed.
      this.log(`ending the server that an earlier process left behind (pid ${before.pid})`);
      await endServer(before.pid);
    }

    const port = await choosePort({ port: this.options.port ?? 0, last: this.dir.lastPort() });
    const server = ServerProcess.spawn(this.dir, {
      postgres: binaries.postgres,
      account,
      port,
      settings: { ...DEFAULT_SETTINGS, ...this.options.settings },
      ignorePid: before && processKind(before.pid) !== 'gone' ? before.pid : undefined,
    });
    this.server = server;
    if (!(await server.ready(this.dir, READY_MS))) {
      await server.stop();
      this.server = undefined;
      const tail = this.dir.logTail();
      if (!last && WORTH_ANOTHER_TRY.test(tail)) return 'retry';
      throw new EmbeddedPostgresError(
        'embedded_postgres_start_failed',
        `the embedded PostgreSQL in ${this.dir.path} did not start; its log ends:\n${tail}`,
      );
    }
    await this.checkPassword(port);
    this.port = port;
    this.dir.rememberPort(port);
    this.log(`PostgreSQL listens on 127.0.0.1:${port}`);
    void server.exited.then((exit) => {
      if (this.server !== server) return;
      this.server = undefined;
      this.starting = undefined;
      this.died.emit(exit);
    });
    return 'started';
  }

  /** @throws EmbeddedPostgresError `embedded_postgres_password_lost` */
  private async checkPassword(port: number): Promise<void> {
    const client = new pg.Client({ connectionString: urlOf(this.dir, port, 'postgres') });
    client.on('error', () => undefined);
    try {
      await client.connect();
    } catch (error) {
      // 28…: refuses the login. Anything else is for the first client that connects.
      if (String((error as { code?: unknown }).code).startsWith('28')) throw passwordLost(this.dir, error as Error);
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  private async end(): Promise<void> {
    const { server, owned } = this;
    this.server = undefined;
    this.owned = undefined;
    await server?.stop();
    owned?.release();
  }
}

/** Left over from a predecessor, or a race for the port: another try may succeed. */
const WORTH_ANOTHER_TRY = /lock file|shared memory block|could not create any TCP\/IP sockets/;

function urlOf(dir: DataDir, port: number, database: string): string {
  return `postgres://${USER}:${encodeURIComponent(dir.password())}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
}

function passwordLost(dir: DataDir, cause: Error): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'embedded_postgres_password_lost',
    `the server in ${dir.path} does not take the password kept beside it: restore the right file, or delete ${dir.path} to begin with an empty database`,
    { cause },
  );
}
