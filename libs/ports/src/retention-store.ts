/** Deletes what is past retention, a bounded number at a time. Any number of callers may run at once. */
export interface RetentionStore {
  /** Tasks that ended longer ago than this, oldest first, and the attempts they needed. @throws StoreUnavailableError */
  pruneTasks(options: { olderThanMs: number; limit: number }): Promise<{ tasks: number; attempts: number }>;
  /** Firings older than this, and schedules removed longer ago that have none left. @throws StoreUnavailableError */
  pruneFirings(options: { olderThanMs: number; limit: number }): Promise<number>;
}
