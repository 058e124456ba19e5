import { backoffDelayMs, ChurnMap, errorFacts, isA } from '@lovage/foundation';
import type { Clock } from '@lovage/ports';
import { TaskRevokedError, type AnyContract } from '@lovage/task';
import type { TaskEntry } from '../entry.ts';
import { ChildBootFailed, WorkerChildDied, type ChildDeath } from '../pools/child-death.ts';
import { halved } from '../pools/suspect-groups.ts';
import type { Pool, PoolEvents } from '../pools/pool.ts';
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

/** An attempt that is to be killed first gets this long to heed its signal, ms, unless that was aborted before. */
const KILL_GRACE_MS = 1000;
/** Before a task is tried again whose child could not boot, ms: what is wrong with the application is not soon mended. */
const BOOT_AGAIN_MS = 5000;

/** Before suspects run again whose child died, ms. Each time their group is smaller. */
const SUSPECT_AGAIN_MS = 100;

/** Runs attempts in their pools, each to one {@link Outcome}, within its time limits. */
export class Executor implements PoolEvents {
  /** What runs, by the number of its entry. */
  private readonly running = new ChurnMap<number, TaskEntry>();
  /** The same: how to call off the time limits of those that have some. */
  private readonly limits = new ChurnMap<number, () => void>();

  /** @param poolOf where an attempt runs; always the same for one entry. */
  constructor(
    private readonly poolOf: (entry: TaskEntry) => Pool,
    /** Runs tasks of one batch contract together. */
    private readonly startTogether: (entries: readonly TaskEntry[]) => void,
    private readonly clock: Clock,
    private readonly onOutcome: (entry: TaskEntry, outcome: Outcome) => void,
  ) {}

  get size(): number {
    return this.running.size;
  }

  /** What runs, those that began first first. */
  entries(): Iterable<TaskEntry> {
    return this.running.values();
  }

  /** Starts one attempt; `onOutcome` is called exactly once for it, later or before this returns. */
  start(entry: TaskEntry): void {
    this.running.set(entry.no, entry);
    entry.startedAt = this.clock.now();
    if (!entry.binding) this.failed(entry, new NotRegistered(entry.task.name));
    else this.poolOf(entry).start(entry);
  }

  /** Starts attempts of one batch contract together; `onOutcome` is called once for each, later. */
  startBatch(entries: readonly TaskEntry[]): void {
    const now = this.clock.now();
    for (const entry of entries) {
      this.running.set(entry.no, entry);
      entry.startedAt = now;
    }
    this.startTogether(entries);
  }

  /** The entry of a task that runs here. */
  find(id: string): TaskEntry | undefined {
    for (const entry of this.running.values()) if (entry.id === id) return entry;
    return undefined;
  }

  /** Aborts the attempt's signal; the first reason stands. What the handler makes of it is its outcome. */
  abort(entry: TaskEntry, reason: Error): void {
    if (!this.running.has(entry.no) || entry.abortReason) return;
    entry.abortReason = reason;
    this.poolOf(entry).abort(entry, reason);
  }

  /**
   * Ends the attempt as failed with `reason`: in the pool `async` at once, whatever its code still does; in the others its code
   * is given a moment to heed its signal, then killed.
   */
  kill(entry: TaskEntry, reason: Error): void {
    if (!this.running.has(entry.no)) return;
    const graceMs = entry.abortReason ? 0 : KILL_GRACE_MS;
    this.end(entry, reason, graceMs);
  }

  /** Fails an attempt whose code threw what nobody caught: whatever it waits for may never come. */
  crashed(entry: TaskEntry, error: Error): void {
    if (this.running.has(entry.no)) this.poolOf(entry).kill(entry, error, 0);
  }

  /** Aborts what runs under a claim of this worker id because that claim is no longer ours; ends it where that can be done. */
  loseLease(worker: string): void {
    for (const entry of [...this.running.values()]) {
      if (entry.worker !== worker) continue;
      const reason = new LeaseLost();
      if (this.poolOf(entry).endsCode) this.kill(entry, reason);
      else {
        this.abort(entry, reason);
        // Until then the lease has not ended, and a handler may tidy up.
        this.clock.after(KILL_GRACE_MS, () => this.running.has(entry.no) && entry.run?.over(reason));
      }
    }
  }

  /** Aborts a task that was called off: its handler gets the grace to tidy up, then the task ends and, in a child, its code. */
  revoke(entry: TaskEntry, reason: TaskRevokedError, graceMs: number): void {
    this.abort(entry, reason);
    this.clock.after(graceMs, () => this.kill(entry, reason));
  }

  /** Aborts everything that runs: handlers get their chance to tidy up. */
  abortAll(): void {
    for (const entry of [...this.running.values()]) this.abort(entry, new WorkerShutdown());
  }

  /** Hands back what waits for a child. */
  releaseWaiting(): void {
    for (const entry of [...this.running.values()])
      if (this.poolOf(entry).isWaiting(entry)) this.abort(entry, new WorkerShutdown());
  }

  /** Ends what still runs without waiting for it: handed back, at no cost. */
  releaseAll(): void {
    for (const entry of [...this.running.values()]) this.end(entry, new WorkerShutdown(), 0);
  }

  begun(entry: TaskEntry): void {
    const [hard, soft] = entry.task.timeLimit;
    const softMs = soft === null ? entry.options.softTimeLimitMs : soft * 1000;
    const hardMs = hard === null ? entry.options.timeLimitMs : hard * 1000;
    if ((softMs === undefined && hardMs === undefined) || !this.running.has(entry.no)) return;
    const after = (ms: number | undefined, run: () => void) =>
      ms === undefined ? undefined : this.clock.after(ms, run);
    const offSoft = after(softMs, () => this.abort(entry, new SoftTimeLimitExceeded(softMs!)));
    const offHard = after(hardMs, () => this.kill(entry, new TimeLimitExceeded(hardMs!)));
    this.limits.set(entry.no, () => {
      offSoft?.();
      offHard?.();
    });
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

  private end(entry: TaskEntry, reason: Error, graceMs: number): void {
    entry.abortReason ??= reason;
    entry.endReason ??= reason;
    this.poolOf(entry).kill(entry, reason, graceMs);
  }

  private outcomeOf(entry: TaskEntry, failure: Failure): Outcome {
    return outcomeOfFailure(failure, entry.options.retry, entry.retries);
  }

  /** The first outcome stands: a handler may still settle after its time limit. */
  private finish(entry: TaskEntry, outcome: Outcome): void {
    if (!this.running.delete(entry.no)) return;
    if (this.limits.size > 0) {
      this.limits.get(entry.no)?.();
      this.limits.delete(entry.no);
    }
    this.onOutcome(entry, outcome);
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
    const { by: actor, why: reason } = revoked;
    // Where there is a row, its mark says the same and the time as well.
    return {
      kind: 'revoked',
      error: { type: 'Revoked', message: reason ?? 'the task was revoked', data: { actor, reason } },
    };
  }
  if (isOfWorker(abortReason) || isOfWorker(endReason) || isA(thrown, NeighbourEnded)) return RELEASED;
  if (isA(thrown, ChildBootFailed))
    return { kind: 'postponed', how: 'release', delayMs: BOOT_AGAIN_MS, error: errorFacts(thrown) };
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
    return { kind: 'postponed', how: 'suspect', group, delayMs: SUSPECT_AGAIN_MS, error };
  }
  const deaths = entry.crashes + 1;
  const { document: error } = readFailure(new WorkerChildDied(death, deaths), contractOf(entry));
  if (deaths >= maxCrashes) return { kind: 'dead', error };
  return { kind: 'postponed', how: 'crash', delayMs: backoffDelayMs(retry, deaths), error };
}
