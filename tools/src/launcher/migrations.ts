import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import pg from 'pg';
import { applyToEmpty, readMigrations, type SqlMigration } from '@lovage/embedded-postgres';
import { ExitCode } from '@lovage/settings';
import { ExitError } from './exit-error.ts';

/** The advisory lock of `prisma migrate`: an application that migrates holds it. */
const PRISMA_LOCK = 72_707_369;
/** As long as Prisma waits for that lock. */
const LOCK_TIMEOUT = '10s';

/**
 * Brings the database to the newest migration. `prisma migrate deploy` takes some 2 s of CPU, so it is left out where the
 * database has all migrations, and where it is empty: there they are applied here, in one transaction.
 * @throws ExitError with what Prisma said.
 */
export async function applyMigrations(url: string, root: string): Promise<'applied' | 'none'> {
  const without = await withoutPrisma(url, readMigrations(join(root, 'prisma/migrations')));
  if (without !== 'prisma') return without;
  await deploy(url, root);
  return 'applied';
}

/** What can be done without Prisma; `prisma`: the rest, with the database as it was. */
async function withoutPrisma(url: string, migrations: readonly SqlMigration[]): Promise<'applied' | 'none' | 'prisma'> {
  const client = new pg.Client({ connectionString: url });
  // A connection that breaks fails its query as well.
  client.on('error', () => undefined);
  try {
    await client.connect();
    if (await isCurrent(client, migrations)) return 'none';
    await client.query('begin');
    await client.query(`set local lock_timeout = '${LOCK_TIMEOUT}'`);
    await client.query('select pg_advisory_xact_lock($1)', [PRISMA_LOCK]);
    const empty = await isEmpty(client);
    if (empty) await applyToEmpty(client, migrations);
    await client.query('commit');
    if (empty) return 'applied';
    // Another start may have applied them while this one waited for the lock.
    return (await isCurrent(client, migrations)) ? 'none' : 'prisma';
  } catch {
    // No such database, no right, a migration that no transaction takes: Prisma does it, or says what is wrong.
    return 'prisma';
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function isCurrent(client: pg.Client, migrations: readonly SqlMigration[]): Promise<boolean> {
  const { rows: kept } = await client.query<{ there: boolean }>(
    `select to_regclass('_prisma_migrations') is not null as there`,
  );
  if (!kept[0]!.there) return false;
  const { rows } = await client.query<{ name: string; checksum: string }>(
    'select migration_name as name, checksum from _prisma_migrations where finished_at is not null and rolled_back_at is null',
  );
  const applied = new Map(rows.map((row) => [row.name, row.checksum]));
  return migrations.every(({ name, checksum }) => applied.get(name) === checksum);
}

async function isEmpty(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ empty: boolean }>(
    `select not exists (select from pg_class where relnamespace = current_schema()::regnamespace) as empty`,
  );
  return rows[0]!.empty;
}

async function deploy(url: string, root: string): Promise<void> {
  const prisma = createRequire(join(root, 'package.json')).resolve('prisma/build/index.js');
  const child = spawn(process.execPath, [prisma, 'migrate', 'deploy'], {
    cwd: root,
    env: { ...process.env, DATABASE_URL: url, NO_COLOR: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0)
    throw new ExitError(
      ExitCode.other,
      `the migrations could not be applied (npx prisma migrate status tells more):\n${said.trim()}`,
    );
}
