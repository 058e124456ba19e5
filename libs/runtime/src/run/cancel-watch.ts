import type { Clock, Log, TaskStore } from '@lovage/ports';
import { TaskRevokedError } from '@lovage/task';
import type { TaskEntry } from '../entry.ts';

/** Between two looks, ms. A running task hears of its revoke within this and the time of one query. */
const LOOK_EVERY_MS = 500;
/** A task that has run for less is not asked about, ms: most are over by then and cost nothing. */
const YOUNG_MS = 500;
/** Tasks of one query. */
const MAX_BATCH = 500;

export interface CancelWatchDeps {
  readonly tasks: Pick<TaskStore, 'marked'>;
  readonly clock: Clock;
  readonly log: Log;
  /** What runs, those that began first first. */
  running(): Iterable<TaskEntry>;
  /** It was called off. Called once for a task. */
  onRevoked(entry: TaskEntry, reason: TaskRevokedError): void;
}

/**
 * Learns which running tasks were called off. The marks are in the rows and rows are asked, so nothing is missed over a lost
 * connection or a restart; a task that is short costs no question, and where none is long none is asked at all.
 */
export class CancelWatch {
  private readonly told = new WeakSet<TaskEntry>();
  private off: (() => void) | undefined;
  private looking: Promise<void> | undefined;
  private stopped = false;
  private failing = false;

  constructor(private readonly deps: CancelWatchDeps) {}

  start(): void {
    this.plan();
  }

  /** Resolves when no look is under way. Idempotent. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.off?.();
    await this.looking;
  }

  private plan(): void {
    if (this.stopped) return;
    this.off = this.deps.clock.after(LOOK_EVERY_MS, () => {
      this.looking = this.look();
    });
  }

  private async look(): Promise<void> {
    try {
      for (const [worker, entries] of this.due()) {
        for (let i = 0; i < entries.length; i += MAX_BATCH) await this.ask(worker, entries.slice(i, i + MAX_BATCH));
      }
      this.failing = false;
    } catch (error) {
      // The marks stay in the rows: the next look finds them, and so does the record of the end.
      if (!this.failing)
        this.deps.log.warn({ err: error }, 'cannot ask which running tasks were called off; asking on');
      this.failing = true;
    }
    this.plan();
  }

  /** What has run long enough to be asked about, by the worker id of its claim. */
  private due(): Map<string, TaskEntry[]> {
    const youngest = this.deps.clock.now() - YOUNG_MS;
    const byWorker = new Map<string, TaskEntry[]>();
    for (const entry of this.deps.running()) {
      if (entry.startedAt > youngest) break;
      if (!entry.claimed || this.told.has(entry)) continue;
      const entries = byWorker.get(entry.worker!);
      if (entries) entries.push(entry);
      else byWorker.set(entry.worker!, [entry]);
    }
    return byWorker;
  }

  private async ask(worker: string, entries: readonly TaskEntry[]): Promise<void> {
    const marked = await this.deps.tasks.marked(worker, entries);
    if (marked.length === 0) return;
    const byId = new Map(entries.map((entry) => [entry.id, entry]));
    for (const { id, by, why } of marked) {
      const entry = byId.get(id)!;
      this.told.add(entry);
      this.deps.onRevoked(entry, new TaskRevokedError(id, why, by));
    }
  }
}
