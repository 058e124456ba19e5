import type { LiveReads, TaskFilter, Throughput, WatchedFit, WatchedTask } from '@lovage/ports';
import type { TaskState } from '@lovage/task';
import { fitsQuery, newestQuery, readsInputs } from '../lists/list-sql.ts';
import type { ReadingPool } from '../lists/reading-pool.ts';
import { THROUGHPUT } from './throughput-sql.ts';

interface RawTask {
  id: string;
  wire_id: string | null;
  name: string;
  state: TaskState;
  turn: number;
  retries: number;
  suspected: number;
  created_at: Date;
  started_at: Date | null;
  finished_at: Date | null;
  cancel_at: Date | null;
  [column: string]: unknown;
}

/** What those read who watch, on Postgres. */
export class PgLiveReads implements LiveReads {
  /** @param searching for filters that look into each task, so that they hold up no others. */
  constructor(
    private readonly pool: ReadingPool,
    private readonly searching: ReadingPool,
  ) {}

  async throughput(): Promise<Throughput> {
    const [row] = await this.pool.run<Throughput & { [column: string]: unknown }>({ text: THROUGHPUT, values: [] });
    const { seconds, started, ended } = row!;
    return { seconds, started, ended };
  }

  async newest(filter: TaskFilter, limit: number): Promise<WatchedTask[]> {
    const rows = await this.of(filter).run<RawTask>(newestQuery(filter, limit));
    return rows.map(watched);
  }

  async fits(filter: TaskFilter, ids: readonly string[]): Promise<WatchedFit[]> {
    const rows = await this.of(filter).run<RawTask & { fits: boolean }>(fitsQuery(filter, ids));
    return rows.map((row) => ({ ...watched(row), fits: row.fits }));
  }

  private of(filter: TaskFilter): ReadingPool {
    return readsInputs(filter) ? this.searching : this.pool;
  }
}

function watched({ id, wire_id, name, state, turn: generation, retries, suspected, ...times }: RawTask): WatchedTask {
  return {
    ...{ id, wireId: wire_id, name, state, generation, retries, suspected },
    createdAt: times.created_at.getTime(),
    startedAt: times.started_at?.getTime() ?? null,
    finishedAt: times.finished_at?.getTime() ?? null,
    cancelAt: times.cancel_at?.getTime() ?? null,
  };
}
