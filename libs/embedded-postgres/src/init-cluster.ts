import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { toError } from '@lovage/foundation';
import { type Account, spawnIds, underAccount } from './account.ts';
import { type DataDir, writeSecret } from './data-dir.ts';
import { EmbeddedPostgresError } from './errors.ts';
import { processKind } from './process-table.ts';
import { serverEnv } from './server-env.ts';

const DRAFT = 'init-';

export interface InitOptions {
  readonly initdb: string;
  readonly account: Account;
  readonly user: string;
  readonly password: string;
  /** `false`: leave it to the system when files reach the disk. For clusters that need not survive a power cut. */
  readonly sync: boolean;
}

/**
 * Makes the cluster: beside its place, then renamed into it, so that an `initdb` cut short leaves nothing half-made,
 * and of two that race one simply wins.
 * @throws EmbeddedPostgresError `embedded_postgres_init_failed`
 */
export async function initCluster(dir: DataDir, options: InitOptions): Promise<void> {
  removeAbandoned(dir.path);
  const draft = mkdtempSync(join(dir.path, `${DRAFT}${process.pid}-`));
  const passwordFile = `${draft}.password`;
  try {
    writeSecret(passwordFile, options.password);
    const { owner } = options.account;
    if (owner) for (const path of [draft, passwordFile]) chownSync(path, owner.uid, owner.gid);
    await runInitdb(draft, passwordFile, options);
    try {
      renameSync(draft, dir.cluster);
    } catch (error) {
      if (!dir.initialised) throw error;
    }
  } catch (error) {
    if (error instanceof EmbeddedPostgresError) throw error;
    throw new EmbeddedPostgresError(
      'embedded_postgres_init_failed',
      `cannot make a database in ${dir.path}: ${toError(error).message}`,
      { cause: error },
    );
  } finally {
    rmSync(passwordFile, { force: true });
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Drafts of processes that were killed while they made one. */
function removeAbandoned(path: string): void {
  for (const name of readdirSync(path)) {
    const pid = name.startsWith(DRAFT) ? Number.parseInt(name.slice(DRAFT.length), 10) : Number.NaN;
    if (pid > 0 && pid !== process.pid && processKind(pid) === 'gone')
      rmSync(join(path, name), { recursive: true, force: true });
  }
}

async function runInitdb(draft: string, passwordFile: string, options: InitOptions): Promise<void> {
  const [program, args] = underAccount(options.account, [
    options.initdb,
    `--pgdata=${draft}`,
    `--username=${options.user}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // One order of texts on every machine, whatever locales it has.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    ...(options.sync ? [] : ['--no-sync']),
  ]);
  const child = spawn(program, args, {
    ...spawnIds(options.account),
    cwd: '/',
    env: serverEnv(),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (code !== 0)
    throw new EmbeddedPostgresError(
      'embedded_postgres_init_failed',
      `initdb ended with ${signal ?? `code ${code}`} in ${draft} (owner ${statSync(draft).uid}):\n${said.trim()}`,
    );
}
