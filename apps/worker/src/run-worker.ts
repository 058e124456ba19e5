import 'reflect-metadata';
import { availableParallelism } from 'node:os';
import { allContracts } from '@lovage/contracts';
import { createLog, runApp } from '@lovage/platform';
import { ExitCode, exitCodeOf, parseSettings } from '@lovage/settings';
import { banner } from './banner.ts';
import { startWorker, VERSION } from './worker-app.ts';

/** As a supervisor does: the process then stops in order. */
const askForStop = (): void => void process.kill(process.pid, 'SIGTERM');

/** The worker's program, until a signal ends it. Resolves with the exit code. */
export const runWorker = (): Promise<number> =>
  runApp({
    name: 'worker',
    exitCodeOf,
    escapedExitCode: ExitCode.escapedError,
    async start() {
      const settings = parseSettings(process.env, process.argv.slice(2), { for: 'worker' });
      const { worker, databaseUrl } = settings;
      const log = createLog({ app: 'worker', level: settings.logLevel, mode: settings.mode });
      const app = await startWorker({ settings, contracts: allContracts, log, shutdown: askForStop });
      const tasks = allContracts.map(({ name, options: { pool } }) => (pool ? `${name} (${pool})` : name)).sort();
      const childSlots = worker.children.slots ?? availableParallelism();
      const broker = app.platform.broker.displayUrl;
      process.stdout.write(`${banner({ ...worker, childSlots, version: VERSION, broker, databaseUrl, tasks })}\n`);
      log.info({ worker: worker.name, queues: worker.queues }, 'worker ready');
      return app;
    },
  });
