import type { AwaitedMessage, RescueCursor, RescueStore } from '@lovage/ports';
import type { Database } from '../database.ts';
import { plainArray } from '../pg-array.ts';
import { AWAITED, SEND_AGAIN } from '../sql/rescue.ts';

/** The search for lost messages on Postgres. */
export class PgRescueStore implements RescueStore {
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

  async sendAgain(items: readonly AwaitedMessage[]): Promise<number> {
    const ids = plainArray(items.map(({ taskId }) => taskId));
    const sent = await this.database.run(SEND_AGAIN, [ids, plainArray(items.map(({ turn }) => turn))], 'relaxed');
    return sent.length;
  }
}
