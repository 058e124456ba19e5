import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { newId, toError } from '@lovage/foundation';
import { Ticker, type BulkLease, type Clock, type Log } from '@lovage/ports';
import { Standings } from '../auth/standings.ts';
import { CLOCK, type GatewayPlatform, LOG, PLATFORM } from '../deps.ts';
import { BulkActions } from './bulk-actions.ts';
import { BulkRun, type BulkRunDeps } from './bulk-run.ts';
import { BulkTargets } from './bulk-targets.ts';

/** Jobs that run at the same time, on all gateways together. Each gateway could run them all. */
export const MOST_JOBS = 10;
/** Between two looks for jobs that nobody holds, ms. */
const LOOK_MS = 2_000;
/** A job is somebody else's so long after its holder was last heard of, ms: longer than a step takes. A step that takes longer is repeated elsewhere, and has its effect once. */
const LEASE_MS = 15_000;

/** Runs bulk jobs: those that are started here at once, and those that another gateway has left. */
@Injectable()
export class BulkRunner implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly lease: BulkLease = { owner: newId(), leaseMs: LEASE_MS };
  private readonly deps: BulkRunDeps;
  private readonly runs = new Map<BulkRun, Promise<void>>();
  private readonly ticker: Ticker;
  private stopping = false;

  constructor(
    @Inject(PLATFORM) { bulk: store }: Pick<GatewayPlatform, 'bulk'>,
    @Inject(CLOCK) clock: Clock,
    @Inject(LOG) private readonly log: Log,
    targets: BulkTargets,
    actions: BulkActions,
    standings: Standings,
  ) {
    this.deps = { store, targets, actions, standings, clock };
    this.ticker = new Ticker({
      everyMs: LOOK_MS,
      clock,
      run: () => this.look(),
      log,
      // Jobs stay where they are; the next look comes.
      failure: 'could not look for bulk jobs',
      failureLevel: 'debug',
      afterFailure: 'steady',
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.ticker.start();
  }

  /** Ends the steps under way; another gateway takes the jobs on. */
  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    await this.ticker.stop();
    for (const run of this.runs.keys()) run.stop();
    await Promise.all(this.runs.values());
  }

  /** Looks for jobs at once. */
  wake(): void {
    this.ticker.poke();
  }

  private async look(): Promise<void> {
    while (!this.stopping && this.runs.size < MOST_JOBS) {
      const claimed = await this.deps.store.claim(this.lease);
      if (!claimed) break;
      const run = new BulkRun(claimed.job, this.lease, this.deps);
      this.log.info({ job: claimed.job.id }, 'running a bulk job');
      this.runs.set(run, this.settled(claimed.job.id, run, claimed.waitMs));
    }
  }

  private async settled(job: string, run: BulkRun, waitMs: number): Promise<void> {
    try {
      await run.run(waitMs);
    } catch (error) {
      // Its lease ends by itself, and the job is taken on from its last step.
      this.log.warn({ err: toError(error), job }, 'a bulk job was left to the next gateway');
    } finally {
      this.runs.delete(run);
    }
  }
}
