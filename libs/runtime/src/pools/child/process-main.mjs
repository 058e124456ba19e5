// The first file of a child process. Plain JavaScript, so that the same file runs from the sources and from a build.
import { Worker } from 'node:worker_threads';

/** @type {{ boot: string, serve: string, parent: number }} */
const { boot, serve, parent } = JSON.parse(process.argv[2] ?? '{}');

// A terminal or a service manager that stops the worker signals its children too: the worker alone decides when they end.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit(0));
// A handler that computes does not let this process notice; a thread of its own does.
new Worker(new URL('./parent-watch.mjs', import.meta.url), {
  workerData: parent,
  execArgv: [],
  resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 },
}).unref();

const { serveProcess } = await import(serve);
await serveProcess(boot);
