import type { RowGaps } from '@lovage/ports';
import type { Database } from '../database.ts';
import { END, RECORD_LOSS, MAY_LACK, RENEW } from '../sql/row-gaps.ts';

/** Spans of time in which rows may be missing, on Postgres. */
export class PgRowGaps implements RowGaps {
  constructor(private readonly database: Database) {}

  async renew(submitter: string, pendingSince: number | undefined): Promise<void> {
    await this.database.run(RENEW, [submitter, pendingSince ?? null], 'relaxed');
  }

  async recordLoss(span: string, from: number, to: number): Promise<void> {
    await this.database.run(RECORD_LOSS, [span, from, to], 'relaxed');
  }

  async end(submitter: string): Promise<void> {
    await this.database.run(END, [submitter], 'relaxed');
  }

  async mayLack(madeAt: number): Promise<boolean> {
    const [row] = await this.database.run<{ may_lack: boolean }>(MAY_LACK, [madeAt]);
    return row!.may_lack;
  }
}
