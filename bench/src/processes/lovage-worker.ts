// The worker as it ships, with the tasks of the bench beside its own.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { createLog, runApp } from '@lovage/platform';
import { exitCodeOf, parseSettings } from '@lovage/settings';
import { startWorker } from '@lovage/worker/worker-app';
import { benchContracts, BenchTasks } from './tasks.ts';
import { tellReady } from './tell.ts';

@Module({ controllers: [BenchTasks] })
class BenchModule {}

const code = await runApp({
  name: 'bench-worker',
  exitCodeOf,
  async start() {
    const settings = parseSettings(process.env, process.argv.slice(2), { for: 'worker' });
    const log = createLog({ app: 'worker', level: settings.logLevel, mode: settings.mode });
    const app = await startWorker({ settings, contracts: benchContracts, modules: [BenchModule], log });
    tellReady();
    return app;
  },
});
process.exit(code);
