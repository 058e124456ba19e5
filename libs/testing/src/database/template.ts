import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { withDatabase } from './server.ts';

const migrationsDir = fileURLToPath(new URL('../../../../prisma/migrations/', import.meta.url));
// Any number will do, so long as nobody else uses it on a server for tests.
const TEMPLATE_LOCK = '7203158890114';

/**
 * Makes sure that the server has a database with every migration applied, to clone from; resolves with its name, which
 * changes with the migrations. On a server of yours it stays, for the next run.
 */
export async function ensureTemplate(admin: pg.Client, serverUrl: string): Promise<string> {
  const migrations = readMigrations();
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

interface Migration {
  readonly name: string;
  readonly sql: string;
}

function readMigrations(): Migration[] {
  return readdirSync(migrationsDir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .map((name) => ({ name, sql: readFileSync(join(migrationsDir, name, 'migration.sql'), 'utf8') }));
}

async function exists(admin: pg.Client, database: string): Promise<boolean> {
  const found = await admin.query('select 1 from pg_database where datname = $1', [database]);
  return found.rows.length > 0;
}

async function migrate(url: string, migrations: readonly Migration[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    // The record that Prisma keeps, so that `prisma migrate` takes such a database for what it is: up to date.
    await client.query(`create table _prisma_migrations (id varchar(36) primary key, checksum varchar(64) not null,
      finished_at timestamptz, migration_name varchar(255) not null, logs text, rolled_back_at timestamptz,
      started_at timestamptz not null default now(), applied_steps_count integer not null default 0)`);
    for (const { name, sql } of migrations) {
      await client.query(sql);
      await client.query(
        `insert into _prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count)
         values ($1, $2, now(), $3, 1)`,
        [randomUUID(), sha256(sql), name],
      );
    }
  } finally {
    await client.end();
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
