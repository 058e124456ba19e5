import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { allContracts } from '@lovage/contracts';
import { deferred, toError } from '@lovage/foundation';
import { createLog, openPlatform } from '@lovage/platform';
import { systemClock, type Log } from '@lovage/ports';
import { tellReady, tellStage } from '@lovage/processes';
import { ExitCode, exitCodeOf, gatewaySecrets, parseSettings } from '@lovage/settings';
import { ContractRegistry } from '@lovage/task';
import { ensureFirstAdmin } from './auth/first-admin.ts';
import { Gateway } from './gateway.ts';

const APP = 'gateway';

/**
 * Runs a gateway from its environment until SIGTERM or SIGINT; resolves with the exit code. `started` is called once it
 * serves.
 */
export async function runGateway(started?: () => void): Promise<ExitCode> {
  const asked = stopSignals();
  try {
    const starting = startGateway();
    // Before it serves there is nothing to finish: whoever calls it off need not wait for a server to be found.
    const running = await Promise.race([starting, asked]);
    if (typeof running === 'string') return ExitCode.ok;
    started?.();
    tellReady();
    running.log.info({ signal: await asked }, 'stopping');
    await running.stop();
    return ExitCode.ok;
  } catch (error) {
    const code = exitCodeOf(error);
    process.stderr.write(`lovage ${APP}: ${explain(toError(error), code)}\n`);
    return code;
  }
}

function explain(error: Error, code: ExitCode): string {
  if (code === ExitCode.other) return error.stack ?? error.message;
  if (code !== ExitCode.portInUse) return error.message;
  const { address, port } = error as Error & { address?: string; port?: number };
  return `port ${port} of ${address} is in use; stop what listens there, or set PORT to another one (0: any free one)`;
}

interface Running {
  readonly log: Log;
  stop(): Promise<void>;
}

async function startGateway(): Promise<Running> {
  const settings = parseSettings(process.env, process.argv.slice(2), { for: 'gateway' });
  const secrets = gatewaySecrets(settings);
  const log = createLog({ app: APP, level: settings.logLevel, mode: settings.mode });
  const { databaseUrl, brokerUrl, brokerManagementUrl, deadLetterQueue, routes, http } = settings;
  const platform = await openPlatform({
    ...{ databaseUrl, brokerUrl, brokerManagementUrl, deadLetterQueue, routes, log },
    applicationName: `lovage-${APP}`,
  });
  tellStage('connecting to its servers');
  await platform.start();
  const {
    tasks,
    lists,
    events,
    schedules,
    queues,
    workers,
    live,
    limits,
    deadLetters,
    bulk,
    views,
    explain,
    files,
    stats,
    gaps,
    broker,
  } = platform;
  const users = await platform.users();
  if ((await ensureFirstAdmin(users, secrets.admin)) && secrets.adminIsNew) tellPassword(secrets.admin);
  const contracts = new ContractRegistry(allContracts);
  const client = platform.client(contracts);
  tellStage('making its routes');
  const ping = (): Promise<void> => platform.pingDatabase();
  const gateway = new Gateway(
    {
      client,
      tasks,
      lists,
      events,
      schedules,
      queues,
      workers,
      live,
      beats: platform.beats,
      limits,
      deadLetters,
      bulk,
      views,
      loadTests: platform.loadTests(),
      explain,
      files,
      stats,
      gaps,
      users,
      access: users.access,
      checks: users.checks,
      contracts,
      routes,
      broker,
      ping,
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
  await gateway.start();
  log.info({ url: await gateway.url, broker: broker.displayUrl }, 'ready');
  return {
    log,
    stop: async () => {
      await gateway.stop();
      await platform.stop();
    },
  };
}

/** Settled by the first signal that asks for the end; the second ends the process at once. */
function stopSignals(): Promise<NodeJS.Signals> {
  const first = deferred<NodeJS.Signals>();
  let count = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    count += 1;
    if (count > 1) process.exit(ExitCode.other);
    first.resolve(signal);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return first.promise;
}

/** Not through the log, which keeps passwords to itself. */
function tellPassword({ email, password }: { email: string; password: string }): void {
  process.stdout.write(`The first administrator: ${email}, password ${password}\n`);
}
