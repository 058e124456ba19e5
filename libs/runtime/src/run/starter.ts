import type { Log } from '@lovage/ports';
import type { Claimer } from '../claim/claimer.ts';
import type { TaskEntry } from '../entry.ts';
import type { Pools } from '../pools/pools.ts';
import type { Executor } from './executor.ts';
import type { Outcome } from './outcome.ts';

export interface StarterDeps {
  readonly pools: Pick<Pools, 'isSuspect' | 'suspectsWaiting'>;
  readonly executor: Pick<Executor, 'start' | 'startBatch' | 'size'>;
  readonly claimer: Pick<Claimer, 'freeSlot'>;
  readonly log: Log;
  readonly stopping: () => boolean;
  /** It is not run here. */
  onOutcome(entry: TaskEntry, outcome: Outcome): void;
}

/** Suspects that wait here for their turn, each with its claim; further ones go back, to come to another worker or later, ms. */
const MAX_SUSPECTS = 20;
const SUSPECT_AGAIN_MS = 10_000;

/** Starts tasks whose claim is ours: suspects alone, what comes too late not at all. */
export class Starter {
  constructor(private readonly deps: StarterDeps) {}

  run(entry: TaskEntry): void {
    if (this.tooLate) return this.giveUp(entry);
    if (entry.options.ack === 'claim') entry.ack();
    if (this.deps.pools.isSuspect(entry)) this.quarantine(entry);
    else this.deps.executor.start(entry);
  }

  /** Tasks of one batch contract. A suspect runs without the others: nothing but the task can be what kills its child. */
  runBatch(entries: readonly TaskEntry[]): void {
    if (this.tooLate) return entries.forEach((entry) => this.giveUp(entry));
    const together: TaskEntry[] = [];
    for (const entry of entries) {
      if (entry.options.ack === 'claim') entry.ack();
      if (this.deps.pools.isSuspect(entry)) this.quarantine(entry);
      else together.push(entry);
    }
    if (together.length > 0) this.deps.executor.startBatch(together);
  }

  /** A claim came through while the worker was stopping, and nothing runs that is waited for. */
  private get tooLate(): boolean {
    return this.deps.stopping() && this.deps.executor.size === 0;
  }

  /** It is given up like a run that was cut short. */
  private giveUp(entry: TaskEntry): void {
    this.deps.onOutcome(entry, { kind: 'postponed', how: 'release', delayMs: 0, error: null });
  }

  /** It runs alone, when its turn comes; the slot is for others meanwhile. */
  private quarantine(entry: TaskEntry): void {
    const { pools, executor, claimer, log } = this.deps;
    log.warn(
      { task: entry.id, workersDied: entry.suspected, childrenDied: entry.crashes },
      'a suspect task: it runs alone, in a child process of its own',
    );
    claimer.freeSlot(entry);
    entry.lane = 'quarantine';
    if (pools.suspectsWaiting < MAX_SUSPECTS) executor.start(entry);
    else this.deps.onOutcome(entry, { kind: 'postponed', how: 'release', delayMs: SUSPECT_AGAIN_MS, error: null });
  }
}
