import { allContracts } from '@lovage/contracts';
import { createLog } from '@lovage/platform';
import { exitCodeOf, parseSettings, SettingError } from '@lovage/settings';
import { banner } from './banner.ts';
import { startWorker, type WorkerApp } from './worker-app.ts';

async function main(): Promise<void> {
  const settings = parseSettings(process.env, process.argv.slice(2), { for: 'worker' });
  const log = createLog({ app: 'worker', level: settings.logLevel, mode: settings.mode });
  const app = await startWorker({ settings, contracts: allContracts, log });
  stopOnSignals(app, log.error.bind(log));
  const { worker, databaseUrl } = settings;
  const facts = { ...worker, version: '0.1.0', broker: app.platform.broker.displayUrl, databaseUrl };
  process.stdout.write(`${banner({ ...facts, tasks: allContracts.map((contract) => contract.name).sort() })}\n`);
  log.info({ worker: worker.name, queues: worker.queues }, 'worker ready');
  process.send?.('ready');
}

/** SIGTERM, SIGINT and a launcher that is gone all mean the same: stop in order. */
function stopOnSignals(app: WorkerApp, report: (fields: object, message: string) => void): void {
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    app.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        report({ err: error }, 'the worker could not stop in order');
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
  process.once('disconnect', stop);
}

main().catch((error: unknown) => {
  process.stderr.write(`worker: ${error instanceof SettingError ? error.message : describe(error)}\n`);
  process.exit(exitCodeOf(error));
});

/** One clear line for what an operator can mend, the stack for what only we can. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? error.message : (error.stack ?? error.message);
}
