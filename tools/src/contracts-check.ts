// npm run contracts:check: whether the contracts of this checkout would break tasks that wait, or inputs of the last release.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { allContracts } from '@lovage/contracts';
import { toError } from '@lovage/foundation';
import { createLog, openPlatform } from '@lovage/platform';
import { exitCodeOf, parseSettings, withEnvFile } from '@lovage/settings';
import { CONNECT_TIMEOUT_MS, findServers } from './console/find-servers.ts';
import { checkContracts, findingLines } from './contracts/check-contracts.ts';
import { ExitError } from './launcher/exit-error.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

async function main(): Promise<number> {
  const env = withEnvFile(process.env, join(root, '.env'));
  const settings = parseSettings({ DATA_DIR: join(root, '.lovage'), LOG_LEVEL: 'error', ...env });
  const { databaseUrl } = findServers(settings);
  const log = createLog({ app: 'contracts-check', level: settings.logLevel, format: 'readable', fd: 2 });
  const platform = await openPlatform({
    ...{ databaseUrl, brokerUrl: null, applicationName: 'lovage-contracts-check', log },
    ...{ deadLetterQueue: settings.deadLetterQueue, routes: settings.routes, connectTimeoutMs: CONNECT_TIMEOUT_MS },
  });
  try {
    await platform.start();
    const findings = await checkContracts(allContracts, platform.contracts);
    for (const line of findingLines(findings)) process.stdout.write(`${line}\n`);
    if (findings.length > 0) return 1;
    process.stdout.write(
      `${allContracts.length} contracts: nothing that waits, and nothing of the last release, would break\n`,
    );
    return 0;
  } finally {
    await platform.stop();
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`lovage contracts:check: ${toError(error).message}\n`);
    process.exit(error instanceof ExitError ? error.exitCode : exitCodeOf(error) || 2);
  },
);
