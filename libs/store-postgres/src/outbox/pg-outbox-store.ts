import type { OutboxItem, OutboxStore } from '@lovage/ports';
import type { Database } from '../database.ts';
import { plainArray } from '../pg-array.ts';
import { LEASE_DUE, PUBLISHED, RELEASE } from '../sql/outbox.ts';
import { toTaskRow, type RawTask } from '../task-row.ts';

interface RawLeased extends RawTask {
  outbox_task_id: string;
  outbox_turn: number;
  due_in_ms: string;
}

/**
 * The outbox on Postgres. No statement here waits for the disk: a crash of Postgres that undoes a lease or a mark makes a
 * message be sent again, and the claim lets one of the two run. Waiting would make every message late by a write.
 */
export class PgOutboxStore implements OutboxStore {
  constructor(private readonly database: Database) {}

  async leaseDue(options: { withinMs: number; leaseMs: number; limit: number }): Promise<OutboxItem[]> {
    const values = [options.withinMs, options.leaseMs, options.limit];
    const rows = await this.database.run<RawLeased & Record<string, unknown>>(LEASE_DUE, values, 'relaxed');
    const items: OutboxItem[] = [];
    const gone: { taskId: string; turn: number }[] = [];
    for (const raw of rows) {
      const key = { taskId: raw.outbox_task_id, turn: raw.outbox_turn };
      // The task is over, or retention has deleted it: its message has nobody to run.
      if (raw.id === null || raw.finished_at !== null) gone.push(key);
      else items.push({ ...key, dueInMs: Number(raw.due_in_ms), task: toTaskRow(raw) });
    }
    if (gone.length > 0) await this.published(gone);
    return items;
  }

  async published(items: readonly { taskId: string; turn: number }[]): Promise<void> {
    await this.database.run(PUBLISHED, columns(items), 'relaxed');
  }

  async release(items: readonly { taskId: string; turn: number }[], delayMs: number): Promise<void> {
    await this.database.run(RELEASE, [...columns(items), delayMs], 'relaxed');
  }
}

function columns(items: readonly { taskId: string; turn: number }[]): (string | null)[] {
  return [plainArray(items.map((item) => item.taskId)), plainArray(items.map((item) => item.turn))];
}
