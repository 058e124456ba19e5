import { Ticker, type Clock, type Log, type TaskStore } from '@lovage/ports';
import { TaskRevokedError } from '@lovage/task';
import type { TaskEntry } from '../entry.ts';
import type { Executor } from './executor.ts';

/** Between two looks, ms. A running task hears of its revoke within this and the time of one query. */
const LOOK_EVERY_MS = 500;
/** A task that has run for less is not asked about, ms: most are over by then and cost nothing. */
const YOUNG_MS = 500;
/** Tasks of one query. */
const MAX_BATCH = 500;

export interface CancelWatchDeps {
  readonly tasks: Pick<TaskStore, 'cancelRequested'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Runs the tasks, and revokes those that were cancelled. */
  readonly executor: Pick<Executor, 'entries' | 'revoke'>;
  /** How long the handler of a cancelled task may tidy up, ms. */
  readonly graceMs: number;
}

/**
 * Learns which running tasks were cancelled. The requests are in the rows and rows are asked, so nothing is missed over a lost
 * connection or a restart; a task that is short costs no question, and where none is long none is asked at all.
 */
export class CancelWatch {
  private readonly told = new WeakSet<TaskEntry>();
  private readonly ticker: Ticker;

  constructor(private readonly deps: CancelWatchDeps) {
    const { clock, log } = deps;
    this.ticker = new Ticker({
      ...{ clock, log, everyMs: LOOK_EVERY_MS, firstAfterMs: LOOK_EVERY_MS },
      // The requests stay in the rows: the next look finds them, and so does the record of the end.
      afterFailure: 'steady',
      failure: 'cannot ask which running tasks were cancelled; tried again',
      run: () => this.look(),
    });
  }

  start(): void {
    void this.ticker.start();
  }

  /** Resolves when no look is under way. Idempotent. */
  stop(): Promise<void> {
    return this.ticker.stop();
  }

  private async look(): Promise<void> {
    for (const [worker, entries] of this.due()) {
      for (let i = 0; i < entries.length; i += MAX_BATCH) await this.ask(worker, entries.slice(i, i + MAX_BATCH));
    }
  }

  /** What has run long enough to be asked about, by the worker id of its claim. */
  private due(): Map<string, TaskEntry[]> {
    const youngest = this.deps.clock.now() - YOUNG_MS;
    const byWorker = new Map<string, TaskEntry[]>();
    for (const entry of this.deps.executor.entries()) {
      if (entry.startedAt > youngest) break;
      if (!entry.claimed || this.told.has(entry)) continue;
      const entries = byWorker.get(entry.worker!);
      if (entries) entries.push(entry);
      else byWorker.set(entry.worker!, [entry]);
    }
    return byWorker;
  }

  private async ask(worker: string, entries: readonly TaskEntry[]): Promise<void> {
    const { tasks, executor, graceMs } = this.deps;
    const requested = await tasks.cancelRequested(worker, entries);
    if (requested.length === 0) return;
    const byId = new Map(entries.map((entry) => [entry.id, entry]));
    for (const { id, actor, reason } of requested) {
      const entry = byId.get(id)!;
      this.told.add(entry);
      executor.revoke(entry, new TaskRevokedError(id, reason, actor), graceMs);
    }
  }
}
