import type { LoadTestPoint } from '@lovage/http-api';
import { Pauses, type Clock } from '@lovage/ports';
import { Latencies } from './latencies.ts';
import type { LoadReport } from './load-report.ts';

export interface LoadPlan {
  readonly total: number;
  readonly seconds: number;
  /** Tasks a second. */
  readonly rate: number;
  readonly rampSeconds: number;
}

/** Submits one task; resolves when it is accepted, with what tells whether it succeeds in the end. */
export type SubmitOne = () => Promise<{ readonly succeeded: Promise<boolean> }>;

/** Submits under way at once. */
const MOST_SUBMITS = 200;
/** Tasks waited for at once: beyond it nothing is submitted, so neither memory nor the queue grows without bound. */
const MOST_WAITING = 10_000;
/** How often it looks what is due, ms. */
const TICK_MS = 10;
/** How long the last results are waited for, ms. */
const DRAIN_MS = 30_000;

/** How many are due by then. */
export function plannedBy(ms: number, { rate, rampSeconds }: Pick<LoadPlan, 'rate' | 'rampSeconds'>): number {
  const seconds = ms / 1000;
  if (seconds < rampSeconds) return (rate * seconds * seconds) / (2 * rampSeconds);
  return rate * (seconds - rampSeconds / 2);
}

/** Submits tasks by a plan and measures what becomes of them. */
export class LoadGenerator {
  draining = false;
  private readonly counts = { submitted: 0, refused: 0, succeeded: 0, failed: 0 };
  private readonly submits = new Latencies();
  private readonly ends = new Latencies();
  private readonly points: LoadTestPoint[] = [];
  private started = 0;
  private underWay = 0;
  private second = { submitted: 0, ended: 0, ends: new Latencies() };

  constructor(
    private readonly plan: LoadPlan,
    private readonly submit: SubmitOne,
    private readonly clock: Clock,
  ) {}

  /** Resolves when all is submitted and has ended, or its time is over, or `stop` is aborted. */
  async run(stop: AbortSignal): Promise<void> {
    const began = this.clock.monotonic();
    const elapsed = (): number => this.clock.monotonic() - began;
    const pauses = new Pauses(this.clock);
    while (!stop.aborted && this.started < this.plan.total && elapsed() < this.plan.seconds * 1000) {
      this.startDue(elapsed());
      this.closeSeconds(elapsed());
      await pauses.wait(TICK_MS);
    }
    this.draining = true;
    const until = elapsed() + DRAIN_MS;
    while (!stop.aborted && this.underWay + this.waiting > 0 && elapsed() < until) {
      this.closeSeconds(elapsed());
      await pauses.wait(TICK_MS);
    }
    this.closeSeconds(elapsed() + 1000);
  }

  report(): LoadReport {
    const last = this.points.at(-1);
    return {
      ...this.counts,
      waiting: this.waiting,
      submitPerSecond: last?.submitted ?? 0,
      endPerSecond: last?.ended ?? 0,
      submitLatency: this.submits.all,
      endToEnd: this.ends.all,
      points: this.points,
    };
  }

  private get waiting(): number {
    const { submitted, succeeded, failed } = this.counts;
    return submitted - succeeded - failed;
  }

  private startDue(ms: number): void {
    const due = Math.min(this.plan.total, Math.floor(plannedBy(ms, this.plan)));
    while (this.started < due && this.underWay < MOST_SUBMITS && this.waiting + this.underWay < MOST_WAITING) {
      this.started += 1;
      void this.one();
    }
  }

  private async one(): Promise<void> {
    const began = this.clock.monotonic();
    this.underWay += 1;
    let succeeded: Promise<boolean>;
    try {
      ({ succeeded } = await this.submit());
    } catch {
      this.counts.refused += 1;
      return;
    } finally {
      this.underWay -= 1;
    }
    this.submits.add(this.clock.monotonic() - began);
    this.counts.submitted += 1;
    this.second.submitted += 1;
    const good = await succeeded;
    const took = this.clock.monotonic() - began;
    this.ends.add(took);
    this.second.ends.add(took);
    this.second.ended += 1;
    this.counts[good ? 'succeeded' : 'failed'] += 1;
  }

  /** A point for each second that is over. */
  private closeSeconds(ms: number): void {
    while (this.points.length < Math.floor(ms / 1000)) {
      const { submitted, ended, ends } = this.second;
      this.points.push({ second: this.points.length, submitted, ended, p95: ends.all?.p95 ?? null });
      this.second = { submitted: 0, ended: 0, ends: new Latencies() };
    }
  }
}
