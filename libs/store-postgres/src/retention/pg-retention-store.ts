import { createHash } from 'node:crypto';
import type { PrunedTasks, RetentionRules, RetentionStore } from '@lovage/ports';
import type { Database } from '../database.ts';
import { PRUNE_FIRINGS, PRUNE_DEAD_LETTERS, PRUNE_REMOVED, pruneTasks, TAKE_CURSOR } from '../sql/retention.ts';

/** Where a walk stands: the end of the task that was looked at last, as Postgres writes it, and its id. */
interface RetentionCursor {
  readonly finished_at: string;
  readonly task_id: string;
}

/** Retention on Postgres. */
export class PgRetentionStore implements RetentionStore {
  constructor(private readonly database: Database) {}

  /** One walk in the order of ends for each length of time that a rule has: each comes no nearer to now than that. */
  async *pruneTasks(rules: RetentionRules, { limit }: { limit: number }): AsyncGenerator<PrunedTasks> {
    const json = toJson(rules);
    const hash = createHash('sha256').update(json).digest('base64url');
    for (const keepMs of lengthsOf(rules)) {
      for (let seen = limit, begins = true; seen === limit; begins = false) {
        const batch = await this.database.transaction(async (run) => {
          const [cursor] = await run<RetentionCursor>(TAKE_CURSOR, [keepMs, hash, begins]);
          const [row] = await run<PrunedTasks & { seen: number }>(pruneTasks(limit), [
            keepMs,
            cursor!.finished_at,
            cursor!.task_id,
            json,
          ]);
          return row!;
        });
        seen = batch.seen;
        yield { tasks: batch.tasks, attempts: batch.attempts };
      }
    }
  }

  async pruneFirings(options: { olderThanMs: number; limit: number }): Promise<number> {
    const { olderThanMs, limit } = options;
    const [row] = await this.database.run<{ firings: number }>(PRUNE_FIRINGS, [olderThanMs, limit]);
    if (row!.firings < limit) await this.database.run(PRUNE_REMOVED, [olderThanMs]);
    return row!.firings;
  }

  async pruneDeadLetters(options: { olderThanMs: number; limit: number }): Promise<number> {
    const [row] = await this.database.run<{ n: number }>(PRUNE_DEAD_LETTERS, [options.olderThanMs, options.limit]);
    return row!.n;
  }
}

/** All lengths of time, the shortest first: it deletes most, and the others pass over what it has left. */
function lengthsOf({ byState, byName }: RetentionRules): number[] {
  const lengths = [byState, ...byName.values()].flatMap((rule) => Object.values(rule));
  return [...new Set(lengths)].filter(Number.isFinite).sort((a, b) => a - b);
}

/** Always the same text for the same rules. JSON has no infinity; Postgres reads its name. */
function toJson({ byState, byName }: RetentionRules): string {
  const all = [['', byState] as const, ...byName].sort(([a], [b]) => (a < b ? -1 : 1));
  const sorted = all.map(([name, rule]) => [
    name,
    Object.fromEntries(
      Object.entries(rule)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([state, ms]) => [state, String(ms)]),
    ),
  ]);
  return JSON.stringify(Object.fromEntries(sorted));
}
