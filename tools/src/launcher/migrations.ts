import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import pg from 'pg';
import { ExitCode } from '@lovage/settings';
import { ExitError } from './exit-error.ts';

/**
 * Brings the database to the newest migration, through `prisma migrate deploy`; that takes more than a second, so it is
 * left out where the database has all of them already.
 * @throws ExitError with what Prisma said.
 */
export async function applyMigrations(url: string, root: string): Promise<'applied' | 'none'> {
  if (await isCurrent(url, join(root, 'prisma/migrations'))) return 'none';
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
  return 'applied';
}

async function isCurrent(url: string, dir: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    const { rows } = await client.query<{ name: string; checksum: string }>(
      'select migration_name as name, checksum from _prisma_migrations where finished_at is not null and rolled_back_at is null',
    );
    const applied = new Map(rows.map((row) => [row.name, row.checksum]));
    return readdirSync(dir)
      .filter((name) => existsSync(join(dir, name, 'migration.sql')))
      .every((name) => applied.get(name) === checksum(join(dir, name, 'migration.sql')));
  } catch {
    // No table, no database: Prisma makes them, or says what is wrong.
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function checksum(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
