import 'reflect-metadata';
import { availableParallelism } from 'node:os';
import { allContracts } from '@lovage/contracts';
import { createLog, runApp } from '@lovage/platform';
import { ExitCode, exitCodeOf, parseSettings } from '@lovage/settings';
import { banner } from './banner.ts';
import { startWorker } from './worker-app.ts';

/**
 * The worker's program, until a signal ends it.
 * @param started called when it serves its queues
 * @returns the exit code
 */
export const runWorker = (started: () => void): Promise<number> =>
  runApp({
    name: 'worker',
    exitCodeOf,
    escapedExitCode: ExitCode.escapedError,
    async start() {
      const settings = parseSettings(process.env, process.argv.slice(2), { for: 'worker' });
      const { worker, databaseUrl } = settings;
      const log = createLog({ app: 'worker', level: settings.logLevel, mode: settings.mode });
      const app = await startWorker({ settings, contracts: allContracts, log });
      const tasks = allContracts.map(({ name, options: { pool } }) => (pool ? `${name} (${pool})` : name)).sort();
      const childSlots = worker.children.slots ?? availableParallelism();
      const broker = app.platform.broker.displayUrl;
      process.stdout.write(`${banner({ ...worker, childSlots, version: '0.1.0', broker, databaseUrl, tasks })}\n`);
      log.info({ worker: worker.name, queues: worker.queues }, 'worker ready');
      started();
      return app;
    },
  });
