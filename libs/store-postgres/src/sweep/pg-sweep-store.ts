import { systemClock, type Clock, type SweepReport, type SweepStore } from '@lovage/ports';
import type { Database, Statement } from '../database.ts';
import { ANY_LIMITED, SWEEP_LIMITS, TIDY_LIMITS } from '../sql/limits.ts';
import { ANY_TO_SWEEP, SWEEP_BATCH, SWEEP_EXPIRED, SWEEP_KEYS, SWEEP_LAPSED, SWEEP_ORPHANS } from '../sql/sweep.ts';

/** Orphaned claims need a rare coincidence and their search reads every live task: once a minute, ms. */
const THOROUGH_EVERY_MS = 60_000;
/** Batches of one kind in one sweep; what is left then comes with the next. */
const MOST_BATCHES = 20;

/** What became of tasks whose holder is dead. */
type PutBack = { tasks: number; revoked: number };

/** The sweep on Postgres. */
export class PgSweepStore implements SweepStore {
  private lastThorough = -Infinity;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock = systemClock,
  ) {}

  async sweep(): Promise<SweepReport> {
    const [any] = await this.database.run<{ lapsed: boolean; keys: boolean }>(ANY_TO_SWEEP, []);
    const [lapsed] = any!.lapsed
      ? await this.database.run<PutBack & { workers: number }>(SWEEP_LAPSED, [])
      : [{ workers: 0, tasks: 0, revoked: 0 }];
    const expired = await this.inBatches(SWEEP_EXPIRED);
    if (any!.keys) await this.inBatches(SWEEP_KEYS);
    await this.sweepLimits();
    const orphans = await this.sweepThoroughly();
    return {
      lapsedWorkers: lapsed!.workers,
      requeued: lapsed!.tasks + orphans.tasks,
      revoked: lapsed!.revoked + orphans.revoked,
      expired,
    };
  }

  private async inBatches(statement: Statement): Promise<number> {
    let rows = 0;
    for (let batch = 1; batch <= MOST_BATCHES; batch += 1) {
      const [swept] = await this.database.run<{ n: number }>(statement, []);
      rows += swept!.n;
      if (swept!.n < SWEEP_BATCH) break;
    }
    return rows;
  }

  private async sweepLimits(): Promise<void> {
    const [question] = await this.database.run<{ limited: boolean }>(ANY_LIMITED, []);
    if (question!.limited) await this.database.run(SWEEP_LIMITS, []);
  }

  private async sweepThoroughly(): Promise<PutBack> {
    if (this.clock.monotonic() - this.lastThorough < THOROUGH_EVERY_MS) return { tasks: 0, revoked: 0 };
    this.lastThorough = this.clock.monotonic();
    const [orphans] = await this.database.run<PutBack>(SWEEP_ORPHANS, []);
    await this.database.run(TIDY_LIMITS, []);
    return orphans!;
  }
}
