import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { newId, toError } from '@lovage/foundation';
import type { BulkLease, BulkStore, Clock, Log } from '@lovage/ports';
import { Standings } from '../auth/standings.ts';
import { BULK, CLOCK, LOG } from '../deps.ts';
import { withinDeadline } from '../http/deadline.ts';
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
  private cancelTimer: (() => void) | undefined;
  private looking: Promise<void> | undefined;
  private lookAgain = false;
  private stopping = false;

  constructor(
    @Inject(BULK) private readonly store: BulkStore,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
    targets: BulkTargets,
    actions: BulkActions,
    standings: Standings,
  ) {
    this.deps = { store, targets, actions, standings, clock };
  }

  onApplicationBootstrap(): void {
    this.schedule();
  }

  /** Ends the steps under way; another gateway takes the jobs on. */
  async onModuleDestroy(): Promise<void> {
    this.stopping = true;
    this.cancelTimer?.();
    await this.looking;
    for (const run of this.runs.keys()) run.stop();
    await Promise.all(this.runs.values());
  }

  /** Looks for jobs at once. */
  wake(): void {
    this.lookAgain = true;
    if (this.looking) return;
    this.cancelTimer?.();
    // In a callback: a look with nothing to wait for has ended before it is assigned here.
    this.looking = this.look().finally(() => {
      this.looking = undefined;
      this.schedule();
    });
  }

  private schedule(): void {
    if (this.stopping) return;
    if (this.lookAgain) this.wake();
    else this.cancelTimer = this.clock.after(LOOK_MS, () => this.wake());
  }

  private async look(): Promise<void> {
    try {
      while (this.lookAgain && !this.stopping) {
        this.lookAgain = false;
        while (!this.stopping && this.runs.size < MOST_JOBS) {
          const claimed = await withinDeadline(this.clock, this.store.claim(this.lease));
          if (!claimed) break;
          const run = new BulkRun(claimed.job, this.lease, this.deps);
          this.log.info({ job: claimed.job.id }, 'running a bulk job');
          this.runs.set(run, this.settled(claimed.job.id, run, claimed.waitMs));
        }
      }
    } catch (error) {
      // Jobs stay where they are; the next look comes.
      this.log.debug({ err: toError(error) }, 'could not look for bulk jobs');
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
