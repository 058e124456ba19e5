// A throw-away PostgreSQL server for the length of one test run. Says its URL in one line; ends, and leaves nothing, when
// its input ends, which it does with the process that started it.
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedPostgres } from '@lovage/embedded-postgres';

/** Memory as a file system, on Linux: a database of a test is made there in a third of the time. */
const MEMORY = '/dev/shm';
/** A run of all tests of one project stays far below; containers often have 64 MB. */
const ENOUGH_BYTES = 4 * 1024 ** 3;

function fastestFolder(): string {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= ENOUGH_BYTES ? MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}

const dataDir = mkdtempSync(join(fastestFolder(), 'lovage-test-'));
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
  process.stdout.write(`${url}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  await end(1);
}
