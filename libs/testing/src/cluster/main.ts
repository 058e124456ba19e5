// A throw-away PostgreSQL server for the length of one test run. Says its URL in one line; ends, and leaves nothing, when
// its input ends, which it does with the process that started it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres } from '@lovage/embedded-postgres';

// In memory, where the run could make a folder there: a database of a test is made in a third of the time.
const dataDir = mkdtempSync(join(tmpdir(), 'lovage-test-'));
const postgres = new EmbeddedPostgres({
  dataDir,
  // Nothing here outlives the run: what a power cut would lose is not missed.
  settings: {
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    max_connections: '300',
    max_wal_size: '256MB',
  },
});

/**
 * Thousands of connections are made in a run, and 4,096 rounds of SHA-256 at both ends are a fifth of the CPU of each. One round for the
 * same password: PostgreSQL 16 and newer.
 */
async function cheapenPassword(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('set scram_iterations = 1');
  await client.query(`alter role current_user password ${pg.escapeLiteral(decodeURIComponent(new URL(url).password))}`);
  await client.end();
}

const end = async (code: number): Promise<never> => {
  await postgres.stop().catch(() => undefined);
  rmSync(dataDir, { recursive: true, force: true });
  process.exit(code);
};
// The run's owner ends it through its input; a terminal's Ctrl-C must not do so before the tests have ended.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.stdin.on('end', () => void end(0)).resume();

try {
  const { url } = await postgres.start();
  await cheapenPassword(url);
  process.stdout.write(`${url}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  await end(1);
}
