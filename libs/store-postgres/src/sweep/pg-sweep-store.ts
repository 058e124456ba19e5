import { systemClock, type Clock, type ExpiredReply, type SweepReport, type SweepStore } from '@lovage/ports';
import type { Database, Statement } from '../database.ts';
import { ANY_LIMITED, MEND_RATES, SWEEP_LIMITS, TIDY_LIMITS } from '../sql/limits.ts';
import { WAKE_UNSERVED } from '../sql/pass-on.ts';
import { ANY_TO_SWEEP, SWEEP_BATCH, SWEEP_EXPIRED, SWEEP_KEYS, SWEEP_LAPSED, SWEEP_ORPHANS } from '../sql/sweep.ts';

/** Orphaned claims need a rare coincidence and their search reads every live task: once a minute, ms. */
const THOROUGH_EVERY_MS = 60_000;
/**
 * How long after a worker has come tasks are looked for that it serves and nobody did before, ms: one may just be being passed on by
 * a statement that does not see it yet.
 */
const LOOK_AFTER_MS = 5000;
/** Batches of one kind in one sweep; what is left then comes with the next. */
const MOST_BATCHES = 20;

/** Whether there is anything, and the ids of live workers. */
interface ToSweep {
  lapsed: boolean;
  keys: boolean;
  unserved: boolean;
  workers: string[];
  [column: string]: unknown;
}

/** What became of tasks whose holder is dead. */
type Requeued = { tasks: number; revoked: number };

/** The sweep on Postgres. */
export class PgSweepStore implements SweepStore {
  private lastThorough = -Infinity;
  /** Live workers at the last sweep. */
  private workers: ReadonlySet<string> = new Set();
  private lookUntil = -Infinity;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock = systemClock,
  ) {}

  async sweep(): Promise<SweepReport> {
    const [any] = await this.database.run<ToSweep>(ANY_TO_SWEEP, []);
    const [lapsed] = any!.lapsed
      ? await this.database.run<Requeued & { workers: number }>(SWEEP_LAPSED, [])
      : [{ workers: 0, tasks: 0, revoked: 0 }];
    const replies: ExpiredReply[] = [];
    const expired = await this.inBatches(SWEEP_EXPIRED, replies);
    if (any!.keys) await this.inBatches(SWEEP_KEYS);
    const served = await this.wakeUnserved(any!);
    await this.sweepLimits();
    const orphans = await this.sweepThoroughly();
    return {
      lapsedWorkers: lapsed!.workers,
      requeued: lapsed!.tasks + orphans.tasks,
      revoked: lapsed!.revoked + orphans.revoked,
      expired,
      served,
      ...(replies.length > 0 && { replies }),
    };
  }

  /** Tasks that nobody served wait for the workers that come: only a new one makes it worth while to look. */
  private async wakeUnserved({ unserved, workers }: ToSweep): Promise<number> {
    const now = this.clock.monotonic();
    if (workers.some((id) => !this.workers.has(id))) this.lookUntil = now + LOOK_AFTER_MS;
    this.workers = new Set(workers);
    if (!unserved || now > this.lookUntil) return 0;
    const served = await this.inBatches(WAKE_UNSERVED);
    if (served >= SWEEP_BATCH * MOST_BATCHES) this.lookUntil = now + LOOK_AFTER_MS;
    return served;
  }

  /** @param replies gets those of the statement, where it gives some. */
  private async inBatches(statement: Statement, replies?: ExpiredReply[]): Promise<number> {
    let rows = 0;
    for (let batch = 1; batch <= MOST_BATCHES; batch += 1) {
      const [swept] = await this.database.run<{ n: number; replies?: ExpiredReply[] }>(statement, []);
      rows += swept!.n;
      if (swept!.replies) replies?.push(...swept!.replies);
      if (swept!.n < SWEEP_BATCH) break;
    }
    return rows;
  }

  private async sweepLimits(): Promise<void> {
    const [question] = await this.database.run<{ limited: boolean }>(ANY_LIMITED, []);
    if (question!.limited) await this.database.run(SWEEP_LIMITS, []);
  }

  private async sweepThoroughly(): Promise<Requeued> {
    if (this.clock.monotonic() - this.lastThorough < THOROUGH_EVERY_MS) return { tasks: 0, revoked: 0 };
    this.lastThorough = this.clock.monotonic();
    const [orphans] = await this.database.run<Requeued>(SWEEP_ORPHANS, []);
    await this.database.run(TIDY_LIMITS, []);
    await this.database.run(MEND_RATES, []);
    return orphans!;
  }
}
