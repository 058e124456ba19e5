import type { TaskEntry } from '../entry.ts';
import type { Executor } from './executor.ts';
import type { Outcome } from './outcome.ts';

export interface StarterDeps {
  readonly executor: Pick<Executor, 'start' | 'startBatch' | 'size'>;
  readonly stopping: () => boolean;
  /** It is not run here. */
  onOutcome(entry: TaskEntry, outcome: Outcome): void;
}

/** Starts tasks whose claim is ours; what comes too late not at all. */
export class Starter {
  constructor(private readonly deps: StarterDeps) {}

  run(entry: TaskEntry): void {
    if (this.tooLate) return this.giveUp(entry);
    if (entry.options.ack === 'claim') entry.ack();
    this.deps.executor.start(entry);
  }

  /** Tasks of one batch contract. */
  runBatch(entries: readonly TaskEntry[]): void {
    if (this.tooLate) return entries.forEach((entry) => this.giveUp(entry));
    for (const entry of entries) if (entry.options.ack === 'claim') entry.ack();
    this.deps.executor.startBatch(entries);
  }

  /** A claim came through while the worker was stopping, and nothing runs that is waited for. */
  private get tooLate(): boolean {
    return this.deps.stopping() && this.deps.executor.size === 0;
  }

  /** It is given up like a run that was cut short. */
  private giveUp(entry: TaskEntry): void {
    this.deps.onOutcome(entry, { kind: 'postponed', how: 'release', delayMs: 0, error: null });
  }
}
