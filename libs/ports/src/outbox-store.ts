import type { TaskRow } from './task.ts';

/** A message due to be published, with the row it is made from. */
export interface OutboxItem {
  readonly taskId: string;
  readonly generation: number;
  /** ms from now until it is due, by Postgres' clock; negative when late. */
  readonly dueInMs: number;
  readonly task: TaskRow;
}

/** Messages still to be published, now or when due: the one timer for delays and retries. */
export interface OutboxStore {
  /** Leases up to `limit` messages due within `withinMs`, for `leaseMs`. Any number of relays may call it. */
  leaseDue(options: { withinMs: number; leaseMs: number; limit: number }): Promise<OutboxItem[]>;
  /** Published and confirmed: the messages go, their waiting tasks become QUEUED. */
  published(items: readonly { taskId: string; generation: number }[]): Promise<void>;
  /** Not published after all: due again after `delayMs`. */
  release(items: readonly { taskId: string; generation: number }[], delayMs: number): Promise<void>;
}

export interface SweepReport {
  /** Workers found lapsed and removed. */
  readonly lapsedWorkers: number;
  /** Their tasks, requeued with a message of the same generation. */
  readonly requeued: number;
  /** Of their tasks those that had been cancelled: ended REVOKED. */
  readonly revoked: number;
  /** Waiting tasks that passed their expiry. */
  readonly expired: number;
  /** Tasks that no worker served, and one does now: they are due. */
  readonly served: number;
  /** For those who wait for tasks that expired; left out: nobody does. */
  readonly replies?: readonly ExpiredReply[];
}

/** The answer to a caller whose task expired before a worker had it. */
export interface ExpiredReply {
  readonly address: string;
  readonly correlationId: string;
  /** The id on the wire. */
  readonly taskId: string;
  readonly state: 'EXPIRED' | 'REVOKED';
}

export interface SweepStore {
  /** One sweep; any number of sweepers may run. */
  sweep(): Promise<SweepReport>;
}
