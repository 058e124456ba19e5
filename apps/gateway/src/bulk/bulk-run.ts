import { toError } from '@lovage/foundation';
import { includesRole, type BulkAction, type BulkBody } from '@lovage/http-api';
import { Pauses, type BulkJob, type BulkLease, type BulkStep, type BulkStore, type Clock } from '@lovage/ports';
import { rateIntervalMs } from '@lovage/task';
import type { Standings } from '../auth/standings.ts';
import { problemOf } from '../problems/problem-of.ts';
import type { BulkActions } from './bulk-actions.ts';
import { specOf } from './bulk-spec.ts';
import { roleFor } from './bulk-roles.ts';
import type { BulkScope, BulkTargets } from './bulk-targets.ts';

/** Done by one step, at most: what runs again is in memory with its input. */
const MOST: Readonly<Record<BulkAction, number>> = {
  'task.revoke': 200,
  'task.retry': 50,
  'task.delete': 200,
  'dead_letter.redrive': 50,
  'dead_letter.delete': 200,
};
/** With a rate a step has what may be done within so long, ms: it is not to come in bursts. */
const STEP_MS = 500;
/** While nothing may be done the lease is renewed, and a stop noticed, so often, ms. */
const RENEW_MS = 3_000;
/** Pause after a step that has failed, ms. */
const FAULT_MS = 2_000;
/** So many failures of one step that no outage explains, and the job fails. */
const MOST_FAULTS = 5;
/** These pass; a job waits for it. */
const PASSES: ReadonlySet<string> = new Set([
  ...['store_unavailable', 'store_busy', 'broker_unavailable', 'busy', 'too_many_submits', 'stopping'],
]);

/** What a run works with. */
export interface BulkRunDeps {
  readonly store: BulkStore;
  readonly targets: BulkTargets;
  readonly actions: BulkActions;
  readonly standings: Standings;
  readonly clock: Clock;
}

/** One job in the hands of this process: step by step until all is done, or the job or the process is stopped. */
export class BulkRun {
  /** Over once this process stops. */
  private readonly pauses: Pauses;

  constructor(
    private readonly job: BulkJob,
    private readonly lease: BulkLease,
    private readonly deps: BulkRunDeps,
  ) {
    this.pauses = new Pauses(deps.clock);
  }

  /** Ends after the step that is under way, and lets others go on. */
  stop(): void {
    this.pauses.end();
  }

  /** @param waitMs until its rate lets the next be done. */
  async run(waitMs: number): Promise<void> {
    const { job, deps, lease } = this;
    let spec: BulkBody;
    try {
      spec = specOf(job);
    } catch (error) {
      return this.finish('failed', toError(error).message);
    }
    const steps = this.steps(spec, waitMs);
    for (let faults = 0; ;) {
      if (this.pauses.over) return deps.store.release(job.id, lease.owner);
      try {
        if (await steps()) return;
        faults = 0;
      } catch (error) {
        const { code, detail } = problemOf(error);
        if (!PASSES.has(code)) faults += 1;
        if (faults >= MOST_FAULTS) return this.finish('failed', `${code}: ${detail}`);
        if (!(await this.note({ waitMs: FAULT_MS, error: `${code}: ${detail}` }))) return;
        await this.pauses.wait(FAULT_MS);
      }
    }
  }

  /** Does the next step each time it is called; true: there is no other. */
  private steps(spec: BulkBody, firstWaitMs: number): () => Promise<boolean> {
    const { job, deps } = this;
    const { clock, store, targets, actions } = deps;
    const scope: BulkScope = { spec, at: job.at, userId: job.actor };
    const intervalMs = spec.rate === undefined ? 0 : rateIntervalMs(spec.rate);
    const most = MOST[spec.action];
    const limit = intervalMs === 0 ? most : Math.max(1, Math.min(most, Math.floor(STEP_MS / intervalMs)));
    let position = job.position;
    let counted = job.matched !== null;
    let over = false;
    const end = async (): Promise<boolean> => {
      await store.finish(job.id, this.lease.owner, 'done', null);
      return true;
    };
    let nextAt = clock.monotonic() + firstWaitMs;
    return async () => {
      // All is done, and could not be written so before.
      if (over) return end();
      if (!(await this.rest(nextAt))) return true;
      if (this.pauses.over) return false;
      if (!(await this.maySo(spec))) return true;
      if (!counted) {
        const { matched, complete } = await targets.count(scope);
        if (!(await this.advance({ matched: { count: matched, complete } }))) return true;
        counted = true;
      }
      const page = await targets.page(scope, position, limit);
      const outcome = await actions.run(scope, job.reason, page);
      nextAt = Math.max(nextAt, clock.monotonic()) + (outcome.done + outcome.failed) * intervalMs;
      const waitMs = Math.max(0, nextAt - clock.monotonic());
      const held = await this.advance({ ...outcome, waitMs, ...(page.next !== null && { position: page.next }) });
      if (!held) return true;
      position = page.next;
      over = page.next === null;
      return over && end();
    };
  }

  /** Waits until then, or until this process stops. False: the job was stopped or lost meanwhile. */
  private async rest(until: number): Promise<boolean> {
    const { clock } = this.deps;
    for (;;) {
      const left = until - clock.monotonic();
      if (this.pauses.over || left <= 0) return true;
      await this.pauses.wait(Math.min(left, RENEW_MS));
      if (left > RENEW_MS && !(await this.note({ waitMs: until - clock.monotonic() }))) return false;
    }
  }

  /** The user who started it may have lost the right to since. */
  private async maySo(spec: BulkBody): Promise<boolean> {
    const standing = await this.deps.standings.now(this.job.actor);
    // Postgres never told: what is done next fails for the same reason.
    if (standing === undefined) return true;
    if (standing !== null && includesRole(standing.role, roleFor(spec.action))) return true;
    await this.finish('stopped', 'the user who started it may not do this any more');
    return false;
  }

  private advance(step: BulkStep): Promise<boolean> {
    return this.deps.store.advance(this.job.id, this.lease, step);
  }

  /** Like {@link advance}; an outage is no reason to end, since nothing is done then. */
  private async note(step: BulkStep): Promise<boolean> {
    return this.advance(step).catch(() => true);
  }

  private async finish(state: 'stopped' | 'failed', error: string): Promise<void> {
    await this.deps.store.finish(this.job.id, this.lease.owner, state, error.slice(0, 1000));
  }
}
