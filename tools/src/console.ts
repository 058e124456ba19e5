// npm run console: a REPL with a typed client of the running platform.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { allContracts } from '@lovage/contracts';
import { maskUrl, toError } from '@lovage/foundation';
import { createLog, openPlatform } from '@lovage/platform';
import { exitCodeOf, parseSettings, withEnvFile } from '@lovage/settings';
import { ContractRegistry } from '@lovage/task';
import { consoleBanner } from './console/console-banner.ts';
import { runConsole } from './console/console-repl.ts';
import { familiesOf } from './console/families.ts';
import { CONNECT_TIMEOUT_MS, findServers } from './console/find-servers.ts';
import { ExitError } from './launcher/exit-error.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

async function main(): Promise<number> {
  const env = withEnvFile(process.env, join(root, '.env'));
  const settings = parseSettings({ DATA_DIR: join(root, '.lovage'), LOG_LEVEL: 'error', ...env });
  const { databaseUrl, brokerUrl, embedded } = findServers(settings);
  const log = createLog({ app: 'console', level: settings.logLevel, format: 'readable', fd: 2 });
  const platform = await openPlatform({
    databaseUrl,
    brokerUrl,
    applicationName: 'lovage-console',
    deadLetterQueue: settings.deadLetterQueue,
    routes: settings.routes,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    log,
  });
  try {
    await platform.start();
    const contracts = new ContractRegistry(allContracts);
    const lovage = platform.client(contracts);
    const families = familiesOf(lovage, allContracts);
    return await runConsole({
      input: process.stdin,
      output: process.stdout,
      scope: { families, lovage, tasks: platform.tasks, contracts },
      contracts: allContracts,
      dataDir: settings.dataDir,
      banner: consoleBanner({
        families,
        broker: brokerUrl === undefined ? 'in the database' : maskUrl(brokerUrl),
        database: embedded ? 'of npm start' : maskUrl(databaseUrl),
      }),
    });
  } finally {
    await platform.stop();
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    const { message, stack } = toError(error);
    const known = typeof (error as { code?: unknown } | undefined)?.code === 'string';
    process.stderr.write(`lovage console: ${known ? message : stack}\n`);
    process.exit(error instanceof ExitError ? error.exitCode : exitCodeOf(error));
  },
);
