// npm run database-url: the URL of the database that the running platform uses, for psql and for tables of one's own.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toError } from '@lovage/foundation';
import { exitCodeOf, parseSettings, withEnvFile } from '@lovage/settings';
import { findServers } from './console/find-servers.ts';
import { ExitError } from './launcher/exit-error.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
try {
  const env = withEnvFile(process.env, join(root, '.env'));
  const { databaseUrl } = findServers(parseSettings({ DATA_DIR: join(root, '.lovage'), ...env }));
  process.stdout.write(`${databaseUrl}\n`);
} catch (error) {
  process.stderr.write(`lovage database-url: ${toError(error).message}\n`);
  process.exitCode = error instanceof ExitError ? error.exitCode : exitCodeOf(error);
}
