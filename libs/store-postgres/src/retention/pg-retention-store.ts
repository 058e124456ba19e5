import type { RetentionStore } from '@lovage/ports';
import type { Database } from '../database.ts';
import { PRUNE_FIRINGS, PRUNE_REMOVED, pruneTasks } from '../sql/retention.ts';

/** Retention on Postgres. */
export class PgRetentionStore implements RetentionStore {
  constructor(private readonly database: Database) {}

  async pruneTasks(options: { olderThanMs: number; limit: number }): Promise<{ tasks: number; attempts: number }> {
    const { olderThanMs, limit } = options;
    const [row] = await this.database.run<{ tasks: number; attempts: number }>(pruneTasks(limit), [olderThanMs]);
    return row!;
  }

  async pruneFirings(options: { olderThanMs: number; limit: number }): Promise<number> {
    const { olderThanMs, limit } = options;
    const [row] = await this.database.run<{ firings: number }>(PRUNE_FIRINGS, [olderThanMs, limit]);
    if (row!.firings < limit) await this.database.run(PRUNE_REMOVED, [olderThanMs]);
    return row!.firings;
  }
}
