import type { TaskRow } from './task-store.ts';

/** A message due to be published, with the row it is made from. */
export interface OutboxItem {
  readonly taskId: string;
  readonly turn: number;
  /** ms from now until it is due, by Postgres' clock; negative when late. */
  readonly dueInMs: number;
  readonly task: TaskRow;
}

/** Messages still to be published, now or when due: the one timer for delays and retries. */
export interface OutboxStore {
  /** Leases up to `limit` messages due within `withinMs`, for `leaseMs`. Any number of relays may call it. */
  leaseDue(options: { withinMs: number; leaseMs: number; limit: number }): Promise<OutboxItem[]>;
  /** Published and confirmed: the messages go, their waiting tasks become QUEUED. */
  published(items: readonly { taskId: string; turn: number }[]): Promise<void>;
  /** Not published after all: due again after `delayMs`. */
  release(items: readonly { taskId: string; turn: number }[], delayMs: number): Promise<void>;
}

export interface SweepReport {
  /** Workers found lapsed and removed. */
  readonly lapsedWorkers: number;
  /** Their tasks, put back with a message of the same turn. */
  readonly requeued: number;
  /** Of their tasks those that had been called off: ended REVOKED. */
  readonly revoked: number;
  /** Waiting tasks that passed their expiry. */
  readonly expired: number;
  /** Tasks that no worker served, and one does now: they are due. */
  readonly served: number;
}

export interface SweepStore {
  /** One sweep; any number of sweepers may run. */
  sweep(): Promise<SweepReport>;
}
