import type { TaskWorker } from '@lovage/runtime';
import { MetricsServer, type MetricsServerOptions } from './metrics-server.ts';
import { WorkerMetrics } from './worker-metrics.ts';

/** Counts what a worker does from now on, and serves it. @throws Error `EADDRINUSE` when the port is taken. */
export async function serveMetrics(
  worker: TaskWorker,
  options: MetricsServerOptions & { readonly concurrency: number },
): Promise<MetricsServer> {
  const { concurrency, ...listen } = options;
  const metrics = new WorkerMetrics({ concurrency, running: () => worker.running });
  worker.signals.ended.on((attempt) => metrics.ended(attempt));
  worker.signals.malformed.on(({ code }) => metrics.refused(code));
  const server = new MetricsServer(metrics.registry, listen);
  await server.start();
  return server;
}
