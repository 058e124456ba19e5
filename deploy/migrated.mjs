// Waits until the database has every migration of this image: `node deploy/migrated.mjs`, with DATABASE_URL of the apps' role. Ends
// with 0 then, and with 1 after MIGRATED_TIMEOUT_S (default 600), which tells what is missing. A server that is away is waited for.
import { readdirSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';

const PAUSE_MS = 1000;
const until = Date.now() + Number(process.env['MIGRATED_TIMEOUT_S'] || 600) * 1000;
const wanted = readdirSync(new URL('../prisma/migrations', import.meta.url), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** What is missing, in words; empty when nothing is. */
async function missing() {
  const client = new pg.Client({
    connectionString: process.env['DATABASE_URL'],
    application_name: 'lovage-migrated',
    connectionTimeoutMillis: 5000,
    query_timeout: 5000,
  });
  // A connection that breaks fails its query, too.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query(
      `select name from unnest($1::text[]) name where not exists (
         select from _prisma_migrations m where m.migration_name = name and m.finished_at is not null and m.rolled_back_at is null)`,
      [wanted],
    );
    return rows.map(({ name }) => name).join(', ');
  } catch (error) {
    // The message alone: it does not repeat the URL of the database.
    return `${error.code ?? 'error'}: ${error.message}`;
  } finally {
    await client.end().catch(() => undefined);
  }
}

let told;
for (;;) {
  const now = await missing();
  if (now === '') break;
  if (now !== told) console.log(`waiting for migrations: ${now}`);
  told = now;
  if (Date.now() >= until) {
    console.error(`the database lacks migrations; see the job migrate: ${now}`);
    process.exitCode = 1;
    break;
  }
  await setTimeout(PAUSE_MS);
}
