import { startLean } from './start-lean.ts';

// Imported only now: what it loads is what is to be kept small.
const started = startLean();
const { runWorker } = await import('./run-worker.ts');
process.exit(await runWorker(started));
