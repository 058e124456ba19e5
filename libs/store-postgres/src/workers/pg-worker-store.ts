import type { KnownWorker, WorkerStore, WorkerTask } from '@lovage/ports';
import type { TaskState } from '@lovage/task';
import type { ReadingPool } from '../lists/reading-pool.ts';
import { knownWorker, type RawWorker } from './known-worker.ts';
import { WORKERS_GONE, WORKERS_NAMED, WORKERS_PRESENT, WORKER_TASKS } from './workers-sql.ts';

interface RawTask {
  id: string;
  wire_id: string | null;
  name: string;
  queue: string;
  state: TaskState;
  retries: number;
  started_at: Date | null;
  seconds: number | null;
  [column: string]: unknown;
}

/** Workers and what they run, on Postgres. */
export class PgWorkerStore implements WorkerStore {
  constructor(private readonly reading: ReadingPool) {}

  present(lapsed: boolean): Promise<KnownWorker[]> {
    return this.workers(WORKERS_PRESENT, [lapsed]);
  }

  gone(): Promise<KnownWorker[]> {
    return this.workers(WORKERS_GONE, []);
  }

  named(nameOrId: string): Promise<KnownWorker[]> {
    return this.workers(WORKERS_NAMED, [nameOrId]);
  }

  async tasks(id: string, limit: number): Promise<WorkerTask[]> {
    const rows = await this.reading.run<RawTask>({ text: WORKER_TASKS, values: [id, limit] });
    return rows.map(({ wire_id, started_at, ...same }) => ({
      ...same,
      wireId: wire_id,
      startedAt: started_at?.getTime() ?? null,
    }));
  }

  private async workers(text: string, values: unknown[]): Promise<KnownWorker[]> {
    return (await this.reading.run<RawWorker>({ text, values })).map(knownWorker);
  }
}
