/**
 * Where rows of accepted tasks may be missing. A submit whose message the broker has confirmed is accepted also while Postgres
 * is away; its row then comes later, from its submitter or from the claim. Each process that submits so tells, about once a
 * second, that all rows of what it accepted are written, or since when they are not.
 */
export interface RowGaps {
  /** @param pendingSince when the oldest task was made whose row is not written, ms since the epoch; undefined: all are. */
  renew(submitter: string, pendingSince: number | undefined): Promise<void>;
  /** Rows of tasks made in this span were dropped: only the claim makes them. Kept for an hour. */
  recordLoss(span: string, from: number, to: number): Promise<void>;
  /** It submits no more, and all its rows are written. */
  end(submitter: string): Promise<void>;
  /** Whether a task made at this time (ms since the epoch) may have been accepted although it has no row. */
  mayLack(madeAt: number): Promise<boolean>;
}
