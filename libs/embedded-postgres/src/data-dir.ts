import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { toError } from '@lovage/foundation';
import { EmbeddedPostgresError } from './errors.ts';

/** What `postmaster.pid` tells of a server that runs, or ran. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  /** It takes connections. */
  readonly ready: boolean;
}

/** The files of one embedded server: the cluster, its password, the port it had last, its log. */
export class DataDir {
  /** The cluster itself, PostgreSQL's `PGDATA`. */
  readonly cluster: string;
  readonly logFile: string;
  /** Locked by the process that runs the server. */
  readonly lockFile: string;
  private readonly passwordFile: string;
  private readonly portFile: string;

  constructor(readonly path: string) {
    this.cluster = join(path, 'cluster');
    this.logFile = join(path, 'server.log');
    this.lockFile = join(path, 'lock');
    this.passwordFile = join(path, 'password');
    this.portFile = join(path, 'port');
  }

  get initialised(): boolean {
    return existsSync(join(this.cluster, 'PG_VERSION'));
  }

  /** @throws EmbeddedPostgresError `embedded_postgres_data_dir` */
  make(): void {
    try {
      mkdirSync(this.path, { recursive: true });
      accessSync(this.path, constants.W_OK);
      if (existsSync(this.passwordFile)) accessSync(this.passwordFile, constants.R_OK);
    } catch (cause) {
      throw new EmbeddedPostgresError(
        'embedded_postgres_data_dir',
        `cannot use the directory ${this.path} for the embedded PostgreSQL (${toError(cause).message}): set DATA_DIR to a directory of your own`,
        { cause },
      );
    }
  }

  /** The superuser's password; made at random before the cluster is. */
  password(): string {
    if (existsSync(this.passwordFile)) return readFileSync(this.passwordFile, 'utf8').trim();
    if (this.initialised)
      throw new EmbeddedPostgresError(
        'embedded_postgres_password_lost',
        `${this.passwordFile} is missing, and without it nobody can log in to the database beside it: restore the file, or delete ${this.path} to begin with an empty database`,
      );
    writeSecret(this.passwordFile, randomBytes(24).toString('base64url'));
    return readFileSync(this.passwordFile, 'utf8').trim();
  }

  lastPort(): number | undefined {
    try {
      const port = Number(readFileSync(this.portFile, 'utf8'));
      return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
    } catch {
      return undefined;
    }
  }

  rememberPort(port: number): void {
    writeFileSync(this.portFile, `${port}\n`);
  }

  postmaster(): Postmaster | undefined {
    try {
      const lines = readFileSync(join(this.cluster, 'postmaster.pid'), 'utf8').split('\n');
      const pid = Number(lines[0]);
      return pid > 0 ? { pid, port: Number(lines[3] ?? 0), ready: lines[7]?.trim() === 'ready' } : undefined;
    } catch {
      return undefined;
    }
  }

  /** The last lines of the server's log, for an error message. */
  logTail(): string {
    try {
      return readFileSync(this.logFile, 'utf8').trim().split('\n').slice(-8).join('\n');
    } catch {
      return '(no log)';
    }
  }
}

/** Whole or not at all, and readable by its owner alone. */
export function writeSecret(file: string, text: string): void {
  const draft = `${file}.${process.pid}.tmp`;
  writeFileSync(draft, `${text}\n`, { mode: 0o600 });
  chmodSync(draft, 0o600);
  renameSync(draft, file);
}
