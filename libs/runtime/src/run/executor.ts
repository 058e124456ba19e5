import { backoffDelayMs, RecyclingMap, errorDetails, isA } from '@lovage/foundation';
import type { Clock, WorkerId } from '@lovage/ports';
import { TaskRevokedError, type AnyContract } from '@lovage/task';
import type { TaskEntry } from '../entry.ts';
import { ChildBootFailed, WorkerChildDied, type ChildDeath } from '../pools/child-death.ts';
import { halved } from '../pools/suspect-groups.ts';
import type { BatchPool, Pool, PoolEvents } from '../pools/pool.ts';
import { TimeLimitTable } from '../steer/time-limits.ts';
import {
  LeaseLost,
  NeighbourEnded,
  NotRegistered,
  SoftTimeLimitExceeded,
  TimeLimitExceeded,
  WorkerShutdown,
} from './abort-reasons.ts';
import { readFailure, type Failure } from './failure.ts';
import { outcomeOfFailure, RELEASED, type Outcome } from './outcome.ts';

/** An attempt that is to be killed first gets this long to obey its signal, ms, unless that was aborted before. */
const KILL_GRACE_MS = 1000;
/** Before a task is tried again whose child could not boot, ms: what is wrong with the application is not soon mended. */
const BOOT_RETRY_MS = 5000;

/** Before suspects run again whose child died, ms. Each time their group is smaller. */
const SUSPECT_RETRY_MS = 100;

/** Gets how an attempt ended. */
export type OnEnded = (entry: TaskEntry, outcome: Outcome) => void;

/** An attempt that runs. */
interface Running {
  readonly entry: TaskEntry;
  readonly pool: Pool;
  readonly onEnded: OnEnded;
  /** Of the time limits of those that have some. */
  cancelTimers: (() => void) | undefined;
}

/**
 * The run stage: runs attempts in their pools, each to one {@link Outcome}, within its time limits. The outcome is told by a call:
 * a handler that answers at once has ended before {@link start} returns, and no promise is made for it.
 */
export class Executor implements PoolEvents {
  /** By the number of the entry. */
  private readonly running = new RecyclingMap<number, Running>();
  /** Something may run here under a lease that is no more. */
  private lostLease = false;

  constructor(
    private readonly clock: Clock,
    private readonly limits = new TimeLimitTable(),
  ) {}

  get size(): number {
    return this.running.size;
  }

  /** What runs, those that began first first. */
  *entries(): Generator<TaskEntry, void> {
    for (const { entry } of this.running.values()) yield entry;
  }

  /** Tasks that run here under the claim of another lease than this: nearly always none. */
  lostRuns(lease: WorkerId): string[] {
    if (!this.lostLease) return [];
    const lost = [...this.entries()].filter((entry) => entry.claimed && entry.worker !== lease);
    this.lostLease = lost.length > 0;
    return lost.map((entry) => entry.id);
  }

  /** Starts one attempt; `onEnded` is called exactly once for it, later or before this returns. */
  start(entry: TaskEntry, pool: Pool, onEnded: OnEnded): void {
    entry.start(this.clock.now());
    this.running.set(entry.no, { entry, pool, onEnded, cancelTimers: undefined });
    if (!entry.binding) this.failed(entry, new NotRegistered(entry.task.name));
    else pool.start(entry);
  }

  /** Starts attempts of one batch contract together; `onEnded` is called once for each, later. */
  startBatch(entries: readonly TaskEntry[], pool: BatchPool, onEnded: OnEnded): void {
    const now = this.clock.now();
    for (const entry of entries) {
      entry.start(now);
      this.running.set(entry.no, { entry, pool, onEnded, cancelTimers: undefined });
    }
    pool.startBatch(entries);
  }

  /** Aborts the attempt's signal; the first reason stands. What the handler makes of it is its outcome. */
  abort(entry: TaskEntry, reason: Error): void {
    const running = this.running.get(entry.no);
    if (!running || entry.abortReason) return;
    entry.abort(reason);
    running.pool.abort(entry, reason);
  }

  /**
   * Ends the attempt as failed with `reason`: in the pool `async` at once, whatever its code still does; in the others its code
   * is given a moment to obey its signal, then killed.
   */
  kill(entry: TaskEntry, reason: Error): void {
    const running = this.running.get(entry.no);
    if (running) this.end(running, reason, entry.abortReason ? 0 : KILL_GRACE_MS);
  }

  /** Fails an attempt whose code threw what nobody caught: whatever it waits for may never come. */
  crashed(entry: TaskEntry, error: Error): void {
    this.running.get(entry.no)?.pool.kill(entry, error, 0);
  }

  /** Aborts what runs under a claim of this worker id because that claim is no longer ours; ends it where that can be done. */
  loseLease(worker: WorkerId): void {
    this.lostLease = true;
    for (const { entry, pool } of [...this.running.values()]) {
      if (entry.worker !== worker) continue;
      const reason = new LeaseLost();
      if (pool.endsCode) this.kill(entry, reason);
      else {
        this.abort(entry, reason);
        // Until then the lease has not ended, and a handler may tidy up.
        this.clock.after(KILL_GRACE_MS, () => this.running.has(entry.no) && entry.run?.over(reason));
      }
    }
  }

  /** Aborts a task that was cancelled: its handler gets the grace to tidy up, then the task ends and, in a child, its code. */
  revoke(entry: TaskEntry, reason: TaskRevokedError, graceMs: number): void {
    this.abort(entry, reason);
    this.clock.after(graceMs, () => this.kill(entry, reason));
  }

  /** Aborts everything that runs: handlers get their chance to tidy up. */
  abortAll(): void {
    for (const { entry } of [...this.running.values()]) this.abort(entry, new WorkerShutdown());
  }

  /** Releases what waits for a child. */
  releaseWaiting(): void {
    for (const { entry, pool } of [...this.running.values()])
      if (pool.isWaiting(entry)) this.abort(entry, new WorkerShutdown());
  }

  /** Ends what still runs without waiting for it: released, at no cost. */
  releaseAll(): void {
    for (const running of [...this.running.values()]) this.end(running, new WorkerShutdown(), 0);
  }

  begun(entry: TaskEntry): void {
    const { softMs, hardMs } = this.limits.of(entry);
    if (softMs === undefined && hardMs === undefined) return;
    const running = this.running.get(entry.no);
    if (!running) return;
    const after = (ms: number | undefined, run: () => void) =>
      ms === undefined ? undefined : this.clock.after(ms, run);
    const cancelSoft = after(softMs, () => this.abort(entry, new SoftTimeLimitExceeded(softMs!)));
    const cancelHard = after(hardMs, () => this.kill(entry, new TimeLimitExceeded(hardMs!)));
    running.cancelTimers = () => {
      cancelSoft?.();
      cancelHard?.();
    };
  }

  succeeded(entry: TaskEntry, result: string): void {
    this.finish(entry, { kind: 'succeeded', result });
  }

  failed(entry: TaskEntry, thrown: unknown): void {
    this.finish(entry, outcomeOfWorker(entry, thrown) ?? this.outcomeOf(entry, readFailure(thrown, contractOf(entry))));
  }

  failedAs(entry: TaskEntry, failure: Failure): void {
    this.finish(entry, outcomeOfWorker(entry) ?? this.outcomeOf(entry, failure));
  }

  died(entry: TaskEntry, death: ChildDeath): void {
    this.finish(entry, outcomeOfDeath(entry, death));
  }

  private end({ entry, pool }: Running, reason: Error, graceMs: number): void {
    entry.kill(reason);
    pool.kill(entry, reason, graceMs);
  }

  private outcomeOf(entry: TaskEntry, failure: Failure): Outcome {
    return outcomeOfFailure(failure, entry.options.retry, entry.retries);
  }

  /** The first outcome stands: a handler may still settle after its time limit. */
  private finish(entry: TaskEntry, outcome: Outcome): void {
    const running = this.running.take(entry.no);
    if (!running) return;
    running.cancelTimers?.();
    entry.end(this.clock.now());
    running.onEnded(entry, outcome);
  }
}

/** Whether the attempt ended because of its worker, and has not failed. */
function isOfWorker(reason: unknown): boolean {
  return reason instanceof WorkerShutdown || reason instanceof LeaseLost;
}

/**
 * Revoked or released, if that is how the attempt ended: by its own abort reason, or by why the worker ended it. What the handler
 * threw decides neither: the same classes come out of other tasks that it waits for.
 */
function outcomeOfWorker({ abortReason, endReason }: TaskEntry, thrown?: unknown): Outcome | undefined {
  const revoked = [abortReason, endReason].find((one) => one instanceof TaskRevokedError);
  if (revoked) {
    const { actor, reason } = revoked;
    // Where there is a row, its cancel request says the same and the time as well.
    return {
      kind: 'revoked',
      error: { type: 'Revoked', message: reason ?? 'the task was revoked', data: { actor, reason } },
    };
  }
  if (isOfWorker(abortReason) || isOfWorker(endReason) || isA(thrown, NeighbourEnded)) return RELEASED;
  if (isA(thrown, ChildBootFailed))
    return { kind: 'postponed', how: 'release', delayMs: BOOT_RETRY_MS, error: errorDetails(thrown) };
  return undefined;
}

function contractOf({ binding }: TaskEntry): AnyContract | undefined {
  return binding?.contract;
}

function outcomeOfDeath(entry: TaskEntry, death: ChildDeath): Outcome {
  const ofWorker = outcomeOfWorker(entry);
  if (ofWorker) return ofWorker;
  const { maxCrashes, retry } = entry.options;
  if (death.together > 1) {
    const { document: error } = readFailure(new WorkerChildDied(death, entry.crashes), contractOf(entry));
    const group = halved(death.together);
    return { kind: 'postponed', how: 'suspect', group, delayMs: SUSPECT_RETRY_MS, error };
  }
  const deaths = entry.crashes + 1;
  const { document: error } = readFailure(new WorkerChildDied(death, deaths), contractOf(entry));
  if (deaths >= maxCrashes) return { kind: 'dead', error };
  return { kind: 'postponed', how: 'crash', delayMs: backoffDelayMs(retry, deaths), error };
}
