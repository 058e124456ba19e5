import { plainArray } from '@lovage/foundation';
import { systemClock, type Clock, type OutboxItem, type OutboxStore } from '@lovage/ports';
import type { Database } from '../database.ts';
import { LEASE_DUE, PUBLISHED, RELEASE } from '../sql/outbox.ts';
import { toTaskRow, type RawTask } from '../task-row.ts';

interface RawLeased extends RawTask {
  outbox_task_id: string;
  outbox_turn: number;
  due_ms: number;
  /** When Postgres read this row. */
  read_ms: number;
}

/**
 * The outbox on Postgres. No statement here waits for the disk: a crash of Postgres that undoes a lease or an ack makes a
 * message be sent again, and the claim lets one of the two run. Waiting would make every message late by a write.
 */
export class PgOutboxStore implements OutboxStore {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock = systemClock,
  ) {}

  async leaseDue(options: { withinMs: number; leaseMs: number; limit: number }): Promise<OutboxItem[]> {
    const values = [options.withinMs, options.leaseMs, options.limit];
    const rows = await this.database.run<RawLeased & Record<string, unknown>>(LEASE_DUE, values, 'relaxed');
    // The last row was read nearest to this moment: counted from it a message is late by the way here, and never early.
    const answeredAt = this.clock.monotonic();
    const readMs = rows.reduce((latest, { read_ms }) => Math.max(latest, read_ms), -Infinity);
    const items: { -readonly [K in keyof OutboxItem]: OutboxItem[K] }[] = [];
    const gone: { taskId: string; generation: number }[] = [];
    for (const raw of rows) {
      const key = { taskId: raw.outbox_task_id, generation: raw.outbox_turn };
      // The task is over, or retention has deleted it: its message has nobody to run.
      if (raw.id === null || raw.finished_at !== null) gone.push(key);
      else items.push({ ...key, dueInMs: raw.due_ms - readMs, task: toTaskRow(raw) });
    }
    if (gone.length > 0) await this.published(gone);
    const sinceMs = this.clock.monotonic() - answeredAt;
    for (const item of items) item.dueInMs -= sinceMs;
    return items;
  }

  async published(items: readonly { taskId: string; generation: number }[]): Promise<void> {
    await this.database.run(PUBLISHED, columns(items), 'relaxed');
  }

  async release(items: readonly { taskId: string; generation: number }[], delayMs: number): Promise<void> {
    await this.database.run(RELEASE, [...columns(items), delayMs], 'relaxed');
  }
}

function columns(items: readonly { taskId: string; generation: number }[]): (string | null)[] {
  return [plainArray(items.map((item) => item.taskId)), plainArray(items.map((item) => item.generation))];
}
