import type { CompiledRetention, TerminalState } from '@lovage/task';

/** How long ended tasks are kept, ms; `Infinity`: for ever. */
export interface RetentionRules {
  readonly byState: Readonly<Record<TerminalState, number>>;
  /** Of contracts, by their names: they win over `byState`, which holds for the states that they leave out and for all other names. */
  readonly byName: ReadonlyMap<string, CompiledRetention>;
}

/** What one batch has deleted. */
export interface PrunedTasks {
  readonly tasks: number;
  /** That those tasks needed before their last. */
  readonly attempts: number;
}

/** Deletes what is past retention, a bounded number at a time. Any number of callers may run at once. */
export interface RetentionStore {
  /**
   * Deletes tasks that ended longer ago than their rule allows, with all that belongs to them, the oldest first. Each step is a
   * batch of its own that looks at no more than `limit` tasks and may delete none of them; the last one leaves nothing to do.
   * How far it has come is kept: a run that stops between two steps, or dies, is followed by a run that goes on from there.
   * @throws StoreUnavailableError
   */
  pruneTasks(rules: RetentionRules, options: { limit: number }): AsyncIterableIterator<PrunedTasks>;
  /** Firings older than this, and schedules removed longer ago that have none left. @throws StoreUnavailableError */
  pruneFirings(options: { olderThanMs: number; limit: number }): Promise<number>;
  /** Dead letters written down longer ago than this. @throws StoreUnavailableError */
  pruneDeadLetters(options: { olderThanMs: number; limit: number }): Promise<number>;
}
