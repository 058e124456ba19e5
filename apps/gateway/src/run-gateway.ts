import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { allContracts } from '@lovage/contracts';
import { LovageError } from '@lovage/foundation';
import { createLog, openPlatform, runApp, type RunningApp } from '@lovage/platform';
import { systemClock } from '@lovage/ports';
import { tellStage } from '@lovage/processes';
import { exitCodeOf, gatewaySecrets, parseSettings } from '@lovage/settings';
import { ContractRegistry } from '@lovage/task';
import { ensureFirstAdmin } from './auth/first-admin.ts';
import { Gateway } from './gateway.ts';

const APP = 'gateway';

/** A port that somebody else listens at. */
export class PortInUseError extends LovageError {
  readonly code = 'port_in_use';
}

/** Runs a gateway from its environment until it is told to stop; resolves with the exit code. */
export function runGateway(): Promise<number> {
  return runApp({ name: APP, exitCodeOf, start: startGateway });
}

async function startGateway(): Promise<RunningApp> {
  const settings = parseSettings(process.env, process.argv.slice(2), { for: 'gateway' });
  const secrets = gatewaySecrets(settings);
  const log = createLog({ app: APP, level: settings.logLevel, mode: settings.mode });
  const { databaseUrl, brokerUrl, brokerManagementUrl, deadLetterQueue, routes, http, celery } = settings;
  const platform = await openPlatform({
    ...{ databaseUrl, brokerUrl, brokerManagementUrl, deadLetterQueue, routes, log },
    celery: { queues: celery.queues },
    applicationName: `lovage-${APP}`,
  });
  await platform.start();
  const users = await platform.users();
  const isFirst = await platform.whenReachable(() => ensureFirstAdmin(users, secrets.admin));
  if (isFirst && secrets.adminIsNew) tellPassword(secrets.admin);
  const contracts = new ContractRegistry(allContracts);
  const client = platform.client(contracts);
  tellStage('making its routes');
  const gateway = new Gateway(
    {
      client,
      platform,
      users,
      access: users.access,
      checks: users.checks,
      contracts,
      routes,
      log,
      clock: systemClock,
    },
    {
      bodyLimit: http.bodyLimit,
      jwtSecret: secrets.jwtSecret,
      corsOrigins: http.corsOrigins,
      trustProxy: http.trustProxy,
      submitRate: http.submitRate,
      metrics:
        http.metricsToken !== undefined
          ? { token: http.metricsToken }
          : settings.mode === 'production'
            ? 'closed'
            : 'open',
      loadTests: http.loadTests ? { databaseUrl, brokerUrl, deadLetterQueue, mode: settings.mode } : undefined,
      dashboard: { folder: http.dashboardDir ?? fileURLToPath(new URL('../../dashboard/dist', import.meta.url)) },
      files: { folder: join(settings.dataDir, 'files'), limit: settings.files.limit, quota: settings.files.quota },
      listen: { host: http.host, port: http.port },
    },
  );
  await gateway.start().catch((error: unknown) => {
    throw portInUse(error) ?? error;
  });
  log.info({ url: await gateway.url, broker: platform.broker.displayUrl }, 'ready');
  return {
    stop: async () => {
      log.info({}, 'stopping');
      await gateway.stop();
      await platform.stop();
    },
  };
}

function portInUse(error: unknown): PortInUseError | undefined {
  const { code, address, port } = error as { code?: string; address?: string; port?: number };
  if (code !== 'EADDRINUSE') return undefined;
  return new PortInUseError(
    `port ${port} of ${address} is in use; stop what listens there, or set PORT to another one (0: any free one)`,
    { cause: error },
  );
}

/** Not through the log, which keeps passwords to itself. */
function tellPassword({ email, password }: { email: string; password: string }): void {
  process.stdout.write(`The first administrator: ${email}, password ${password}\n`);
}
