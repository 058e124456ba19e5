import { BackendReports, ResultBackfill, type ForeignResults } from '@lovage/maintenance';
import type { Platform } from '@lovage/platform';
import type { Log, TaskCanvas } from '@lovage/ports';

export interface CeleryUpkeepOptions {
  readonly foreign: ForeignResults;
  /** How long the backend keeps results, ms. */
  readonly expiresMs: number | undefined;
  /** Workers' canvas, for ends that none of them has followed. */
  readonly canvas: TaskCanvas;
  readonly log: Log;
}

/** What beat does for Celery's result backend; nothing where there is none. */
export class CeleryUpkeep {
  private readonly services: readonly (BackendReports | ResultBackfill)[];

  constructor(
    { celeryBackend: backend, celery: rows, tasks }: Platform,
    { foreign, expiresMs, canvas, log }: CeleryUpkeepOptions,
  ) {
    this.services = backend
      ? [
          new BackendReports({ backend, rows, log, settle: (report) => foreign.settle(report) }),
          new ResultBackfill({ backend, rows, canvas, tasks, log, maxAgeMs: expiresMs }),
        ]
      : [];
  }

  async start(): Promise<void> {
    for (const service of this.services) await service.start();
  }

  async stop(): Promise<void> {
    for (const service of this.services) await service.stop();
  }
}
