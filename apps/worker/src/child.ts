import 'reflect-metadata';
import { allContracts } from '@lovage/contracts';
import { bootChild, NestLog } from '@lovage/nest';
import { createLog, openPlatform } from '@lovage/platform';
import type { ChildApp } from '@lovage/runtime';
import { parseSettings } from '@lovage/settings';
import { ContractRegistry } from '@lovage/task';
import { TasksModule } from '@lovage/tasks';
import { WorkerModule } from './worker.module.ts';

/** A child runs one task at a time; the second connection is for what the handler itself asks meanwhile. */
const MAX_CONNECTIONS = 2;

/** Boots the worker's application in a child: the same module, with the database and without the broker. */
export default async function boot(): Promise<ChildApp> {
  const settings = parseSettings(process.env, [], { for: 'worker' });
  const { databaseUrl, routes, logLevel: level, mode } = settings;
  const log = createLog({ app: 'worker-child', level, mode });
  const platform = await openPlatform({
    databaseUrl,
    brokerUrl: null,
    applicationName: 'lovage-worker-child',
    maxConnections: MAX_CONNECTIONS,
    routes,
    log,
  });
  try {
    await platform.start();
    const { retention, files } = platform;
    const client = platform.client(new ContractRegistry(allContracts));
    return await bootChild(
      WorkerModule.create(client, [TasksModule.with(settings, { retention, files, contracts: allContracts })]),
      {
        contracts: allContracts,
        logger: new NestLog(log),
        closed: () => platform.stop(),
      },
    );
  } catch (error) {
    await platform.stop();
    throw error;
  }
}
