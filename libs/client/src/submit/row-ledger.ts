import { madeAtOf, newId } from '@lovage/foundation';
import type { Clock, Log, NewTask, RowGaps } from '@lovage/ports';

/** How often a submitter tells that its rows are written, or since when they are not, ms. */
const RENEW_MS = 1000;

export interface RowLedgerOptions {
  readonly gaps: RowGaps;
  /** Rows that are kept for another try. */
  readonly kept: () => readonly NewTask[];
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Tells other processes whether all that this one has accepted has its row: so that a caller that asks for a task that is not found learns
 * whether it is unknown, or not written yet. Begins with the first task; one renewal a second, none on the way of a task.
 */
export class RowLedger {
  private readonly id = newId();
  private readonly lossId = newId();
  private lostSpan: { from: number; to: number } | undefined;
  private lossRecorded = true;
  private begun = false;
  private stopped = false;
  private cancelTimer: (() => void) | undefined;
  private renewing: Promise<boolean> | undefined;

  constructor(private readonly options: RowLedgerOptions) {}

  begin(): void {
    if (this.begun) return;
    this.begun = true;
    void this.tick();
  }

  /** These rows will not be written here. */
  lost(rows: readonly NewTask[]): void {
    for (const { id } of rows) {
      const at = madeAtOf(id) ?? this.options.clock.now();
      this.lostSpan = { from: Math.min(at, this.lostSpan?.from ?? at), to: Math.max(at, this.lostSpan?.to ?? at) };
    }
    this.lossRecorded = false;
  }

  /** Tells now; false: Postgres is away. What is told must be known before rows are written. */
  async renew(): Promise<boolean> {
    // One under way may have looked before the last rows were kept.
    while (this.renewing) await this.renewing;
    this.renewing = this.tell().finally(() => (this.renewing = undefined));
    return this.renewing;
  }

  /** @param clean nothing is unwritten; else what was told stays, and grows stale. */
  async stop(clean: boolean): Promise<void> {
    this.stopped = true;
    this.cancelTimer?.();
    await this.renewing;
    if (!this.begun) return;
    if (!clean || !this.lossRecorded) await this.renew();
    else await this.options.gaps.end(this.id).catch(() => undefined);
  }

  private async tick(): Promise<void> {
    await this.renew();
    if (!this.stopped) this.cancelTimer = this.options.clock.after(RENEW_MS, () => void this.tick());
  }

  private async tell(): Promise<boolean> {
    const { gaps, kept, log } = this.options;
    try {
      if (!this.lossRecorded && this.lostSpan) {
        await gaps.recordLoss(this.lossId, this.lostSpan.from, this.lostSpan.to);
        this.lossRecorded = true;
      }
      await gaps.renew(this.id, oldestOf(kept()));
      return true;
    } catch (error) {
      log.debug({ err: error }, 'could not tell whether all rows are written; told again');
      return false;
    }
  }
}

function oldestOf(rows: readonly NewTask[]): number | undefined {
  let oldest: number | undefined;
  for (const { id } of rows) {
    const at = madeAtOf(id);
    if (at !== undefined && (oldest === undefined || at < oldest)) oldest = at;
  }
  return oldest;
}
