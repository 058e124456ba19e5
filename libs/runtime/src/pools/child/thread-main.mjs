// What piscina calls in its threads. Plain JavaScript, so that the same file runs from the sources and from a build.
import { workerData } from 'node:worker_threads';

/** @type {{ boot: string, serve: string, maxTasks: number }} */
const { boot, serve, maxTasks } = workerData;

/** @param {{ task: import('../protocol.ts').ChildTask, port: import('node:worker_threads').MessagePort }} message */
export default async function serveTask({ task, port }) {
  const { serveThread } = await import(serve);
  await serveThread(boot, maxTasks, task, port);
}
