import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { applyToEmpty, readMigrations, type SqlMigration } from '@lovage/embedded-postgres';
import { withDatabase } from './server.ts';

const migrationsDir = fileURLToPath(new URL('../../../../prisma/migrations/', import.meta.url));
// Any number will do, so long as nobody else uses it on a server for tests.
const TEMPLATE_LOCK = '7203158890114';

/**
 * Makes sure that the server has a database with every migration applied, to clone from; resolves with its name, which
 * changes with the migrations. On a server of yours it stays, for the next run.
 */
export async function ensureTemplate(admin: pg.Client, serverUrl: string): Promise<string> {
  const migrations = readMigrations(migrationsDir);
  const digest = sha256(JSON.stringify(migrations)).slice(0, 16);
  const name = `lovage_template_${digest}`;
  if (await exists(admin, name)) return name;
  await admin.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK]);
  try {
    if (await exists(admin, name)) return name;
    // Under another name until it is whole: one that was cut short is never cloned.
    const draft = `${name}_draft`;
    await admin.query(`drop database if exists ${draft} with (force)`);
    await admin.query(`create database ${draft}`);
    await migrate(withDatabase(serverUrl, draft), migrations);
    await admin.query(`alter database ${draft} with allow_connections false`);
    await admin.query(`alter database ${draft} rename to ${name}`);
    return name;
  } finally {
    await admin.query('select pg_advisory_unlock($1)', [TEMPLATE_LOCK]);
  }
}

async function exists(admin: pg.Client, database: string): Promise<boolean> {
  const found = await admin.query('select 1 from pg_database where datname = $1', [database]);
  return found.rows.length > 0;
}

async function migrate(url: string, migrations: readonly SqlMigration[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('begin');
    await applyToEmpty(client, migrations);
    await client.query('commit');
  } finally {
    await client.end();
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
