import { plainArray, textArray } from '@lovage/foundation';
import type { CeleryWatchStore, KnownCeleryWorker, ObservedTask, SeenCeleryWorker } from '@lovage/ports';
import { TERMINAL_STATES } from '@lovage/task';
import type { Database } from '../database.ts';
import type { ReadingPool } from '../lists/reading-pool.ts';
import {
  CELERY_TIDY,
  CELERY_WORKERS,
  OBSERVED,
  OBSERVED_OPEN,
  WATCH_HOLD,
  WATCH_RELEASE,
  WORKERS_SEEN,
} from '../sql/celery-watch.ts';

const TERMINAL = textArray(TERMINAL_STATES);

type RawWorker = Omit<KnownCeleryWorker, 'startedAt' | 'seenAt' | 'goneAt'> & {
  started_at: Date;
  seen_at: Date;
  gone_at: Date | null;
};

/** Celery's workers and their tasks, as their events tell, on Postgres. */
export class PgCeleryWatch implements CeleryWatchStore {
  constructor(
    private readonly database: Pick<Database, 'run'>,
    private readonly reading: Pick<ReadingPool, 'run'>,
  ) {}

  async hold(holder: string, forMs: number): Promise<boolean> {
    return (await this.database.run(WATCH_HOLD, [holder, forMs])).length > 0;
  }

  async release(holder: string): Promise<void> {
    await this.database.run(WATCH_RELEASE, [holder]);
  }

  async seen(workers: readonly SeenCeleryWorker[]): Promise<void> {
    if (workers.length === 0) return;
    await this.database.run(WORKERS_SEEN, [
      textArray(workers.map(({ name }) => name)),
      plainArray(workers.map(({ pid }) => pid)),
      textArray(workers.map(({ software }) => software)),
      textArray(workers.map(({ version }) => version)),
      plainArray(workers.map(({ active }) => active)),
      plainArray(workers.map(({ processed }) => processed)),
      plainArray(workers.map(({ freq }) => freq)),
      plainArray(workers.map(({ gone }) => gone)),
    ]);
  }

  async workers(): Promise<KnownCeleryWorker[]> {
    const rows = await this.reading.run<RawWorker & Record<string, unknown>>({ text: CELERY_WORKERS, values: [] });
    return rows.map(({ started_at, seen_at, gone_at, ...same }) => ({
      ...(same as Omit<KnownCeleryWorker, 'startedAt' | 'seenAt' | 'goneAt'>),
      startedAt: started_at.getTime(),
      seenAt: seen_at.getTime(),
      goneAt: gone_at?.getTime() ?? null,
    }));
  }

  async observed(tasks: readonly ObservedTask[]): Promise<void> {
    if (tasks.length === 0) return;
    await this.database.run(OBSERVED, [
      plainArray(tasks.map(({ id }) => id)),
      textArray(tasks.map(({ wireId }) => wireId)),
      textArray(tasks.map(({ name }) => name)),
      textArray(tasks.map(({ queue }) => queue)),
      textArray(tasks.map(({ state }) => state)),
      textArray(tasks.map(({ worker }) => worker)),
      textArray(
        tasks.map(({ args, kwargs }) => (args === null && kwargs === null ? null : JSON.stringify({ args, kwargs }))),
      ),
      plainArray(tasks.map(({ rootId }) => rootId)),
      plainArray(tasks.map(({ parentId }) => parentId)),
      plainArray(tasks.map(({ retries }) => retries)),
      plainArray(tasks.map(({ eta }) => eta)),
      plainArray(tasks.map(({ expiresAt }) => expiresAt)),
      textArray(tasks.map(({ result }) => (result === null ? null : JSON.stringify(result)))),
      textArray(tasks.map(({ error }) => error && JSON.stringify(error))),
      TERMINAL,
      plainArray(tasks.map(({ requeued }) => requeued)),
    ]);
  }

  async open(most: number): Promise<number> {
    const [row] = await this.database.run<{ n: number }>(OBSERVED_OPEN, [most]);
    return row?.n ?? 0;
  }

  async tidy(): Promise<number> {
    const [row] = await this.database.run<{ n: number }>(CELERY_TIDY, []);
    return row?.n ?? 0;
  }
}
