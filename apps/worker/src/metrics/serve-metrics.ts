import type { TaskWorker } from '@lovage/runtime';
import { MetricsServer, type MetricsServerOptions } from './metrics-server.ts';
import { WorkerMetrics, type WorkerReadings } from './worker-metrics.ts';

/** Counts what a worker does from now on, and serves it. @throws Error `EADDRINUSE` when the port is taken. */
export async function serveMetrics(
  worker: TaskWorker,
  options: MetricsServerOptions,
  celeryResults?: WorkerReadings['celeryResults'],
): Promise<MetricsServer> {
  const metrics = new WorkerMetrics({
    slots: worker.slots,
    running: () => worker.slotsInUse,
    children: () => worker.children(),
    celeryResults,
  });
  worker.signals.ended.on((attempt) => metrics.ended(attempt));
  worker.signals.malformed.on(({ code }) => metrics.refused(code));
  worker.signals.escaped.on(({ kind, name }) => metrics.escaped(kind, name));
  const server = new MetricsServer(metrics.registry, options);
  await server.start();
  return server;
}
