import { plainArray, textArray } from '@lovage/foundation';
import type { AwaitedMessage, MessageHoldings, QueueHolders, RescueCursor, RescueStore } from '@lovage/ports';
import type { Database } from '../database.ts';
import { ASK, AWAITED, HOLDERS, REPORT, RESEND, SOUGHT } from '../sql/rescue.ts';

/** The search for lost messages on Postgres. */
export class PgRescueStore implements RescueStore, MessageHoldings {
  constructor(private readonly database: Database) {}

  async awaited(options: {
    after: RescueCursor | undefined;
    limit: number;
    olderThanMs: number;
  }): Promise<{ items: AwaitedMessage[]; next: RescueCursor | undefined }> {
    const { after, limit, olderThanMs } = options;
    const values = [after?.at ?? null, after?.id ?? null, limit, olderThanMs];
    const [page] = await this.database.run<{ read: number; at: string; id: string; items: AwaitedMessage[] }>(
      AWAITED,
      values,
    );
    if (!page) return { items: [], next: undefined };
    return { items: page.items, next: page.read < limit ? undefined : { at: page.at, id: page.id } };
  }

  async resend(items: readonly AwaitedMessage[]): Promise<number> {
    const ids = plainArray(items.map(({ taskId }) => taskId));
    const sent = await this.database.run(
      RESEND,
      [ids, plainArray(items.map(({ generation }) => generation))],
      'relaxed',
    );
    return sent.length;
  }

  async ask(queues: readonly string[]): Promise<string> {
    const asked = await this.database.run<{ at: string }>(ASK, [textArray(queues)], 'relaxed');
    // Each row has a moment of its own; a worker that answers after the last of them has answered after all.
    return asked.reduce((latest, { at }) => (at > latest ? at : latest), asked[0]!.at);
  }

  async holders(queues: readonly string[], since: string): Promise<QueueHolders[]> {
    const rows = await this.database.run<Omit<QueueHolders, 'held'> & { held: string[][] }>(HOLDERS, [
      textArray(queues),
      since,
    ]);
    return rows.map((row) => ({ ...row, held: new Set(row.held.flat()) }));
  }

  async sought(worker: string, queues: readonly string[]): Promise<string[]> {
    const rows = await this.database.run<{ queue: string }>(SOUGHT, [worker, textArray(queues)]);
    return rows.map(({ queue }) => queue);
  }

  async report(worker: string, queue: string, taskIds: readonly string[]): Promise<void> {
    await this.database.run(REPORT, [worker, queue, plainArray(taskIds)], 'relaxed');
  }
}
