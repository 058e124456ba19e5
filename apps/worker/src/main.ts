import { onceReady } from '@lovage/processes';
import { startLean } from './start-lean.ts';

onceReady(startLean());
// Imported only now: what it loads is what is to be kept small.
void import('./run-worker.ts').then(async ({ runWorker }) => process.exit(await runWorker()));
