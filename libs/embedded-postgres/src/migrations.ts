import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';

/** One directory of `prisma/migrations`. */
export interface SqlMigration {
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file, in hexadecimal, as Prisma records it. */
  readonly checksum: string;
}

/** The migrations in a directory, in the order in which they are applied. */
export function readMigrations(dir: string): SqlMigration[] {
  return readdirSync(dir)
    .filter((name) => existsSync(join(dir, name, 'migration.sql')))
    .sort()
    .map((name) => {
      const file = readFileSync(join(dir, name, 'migration.sql'));
      return { name, sql: file.toString(), checksum: createHash('sha256').update(file).digest('hex') };
    });
}

/**
 * Applies all migrations to an empty database, as `prisma migrate deploy` does, within the caller's transaction: whatever
 * interrupts it leaves the database empty. It keeps Prisma's record, so `prisma migrate` finds them applied.
 * @param client a connection in a transaction.
 * @throws what Postgres says, such as of a migration that cannot run in a transaction.
 */
export async function applyToEmpty(client: pg.ClientBase, migrations: readonly SqlMigration[]): Promise<void> {
  await client.query(`create table _prisma_migrations (id varchar(36) primary key, checksum varchar(64) not null,
    finished_at timestamptz, migration_name varchar(255) not null, logs text, rolled_back_at timestamptz,
    started_at timestamptz not null default now(), applied_steps_count integer not null default 0)`);
  for (const { name, sql, checksum } of migrations) {
    const { rows } = await client.query<{ at: string }>('select clock_timestamp()::text as at');
    await client.query(sql);
    // Prisma reads its record in the order of started_at, which now() would make the same for all.
    await client.query(
      `insert into _prisma_migrations (id, checksum, started_at, finished_at, migration_name, applied_steps_count)
       values ($1, $2, $3, clock_timestamp(), $4, 1)`,
      [randomUUID(), checksum, rows[0]!.at, name],
    );
  }
}
