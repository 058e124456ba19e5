import { BatchQueue, errorDetails, type ErrorDetails } from '@lovage/foundation';
import type { Clock, EscapedItem, EscapedKind, EscapedRecord, Log, TaskStore } from '@lovage/ports';
import type { TaskEntry } from '../entry.ts';
import type { HeldTasks } from '../intake/held-tasks.ts';
import type { ChildEscapes, Culprit } from '../pools/pool.ts';
import type { StoreRetry } from '../store-retry.ts';
import type { WorkerSignals } from '../worker-signals.ts';

export interface EscapedErrorsDeps {
  readonly tasks: Pick<TaskStore, 'noteEscaped'>;
  readonly retry: StoreRetry;
  readonly log: Log;
  readonly clock: Clock;
  readonly held: Pick<HeldTasks, 'has'>;
  /** Count them. */
  readonly signals: Pick<WorkerSignals, 'escaped'>;
}

/** Lines a second; what comes beyond is counted: an interval that throws must not drown the log. */
const MAX_LINES = 20;
const SECOND_MS = 1000;

/**
 * Errors that nobody caught: logged with the task whose code they came from, counted, and kept in its row. What follows for the
 * worker is decided elsewhere.
 */
export class EscapedErrors implements ChildEscapes {
  /** By task, until it is written. */
  private readonly pending = new Map<string, { count: number; last: EscapedRecord['last'] }>();
  /** Of tasks without a row: there is one, if any, once they have ended. */
  private readonly rowless = new Map<TaskEntry, { count: number; last: EscapedRecord['last'] }>();
  private readonly writes: BatchQueue<string>;
  private second = { from: -Infinity, lines: 0, dropped: 0 };

  constructor(private readonly deps: EscapedErrorsDeps) {
    this.writes = new BatchQueue({ flush: (ids) => this.write(ids) });
  }

  /**
   * @param culprits the task, or all of a batch; empty: none could be told
   * @param ends what takes no further task after an exception
   */
  note(kind: EscapedKind, thrown: unknown, culprits: readonly Culprit[], ends: 'worker' | 'child'): void {
    const error = errorDetails(thrown);
    this.tell(kind, error, culprits, ends);
    if (culprits.length === 0) return this.deps.signals.escaped.emit({ kind, name: undefined });
    const at = new Date(this.deps.clock.now()).toISOString();
    for (const culprit of culprits) {
      this.deps.signals.escaped.emit({ kind, name: culprit.name });
      this.keep(culprit, { kind, at, attempt: culprit.attempt, error });
    }
  }

  /** The same of errors in a child, which fails the attempt itself. */
  escaped(kind: EscapedKind, error: unknown, culprits: readonly Culprit[]): void {
    this.note(kind, error, culprits, 'child');
  }

  /** The end of a task is written. */
  settled(entry: TaskEntry): void {
    if (this.rowless.size === 0) return;
    const noted = this.rowless.get(entry);
    if (!noted) return;
    this.rowless.delete(entry);
    this.add(entry.id, noted.count, noted.last);
  }

  /** Resolves once all that can be written is. */
  idle(): Promise<void> {
    return this.writes.idle();
  }

  private keep({ id, entry }: Culprit, last: EscapedRecord['last']): void {
    if (entry?.options.record === 'none') return;
    if (!entry || entry.claimed || !this.deps.held.has(entry)) return this.add(id, 1, last);
    this.rowless.set(entry, { count: (this.rowless.get(entry)?.count ?? 0) + 1, last });
  }

  private add(id: string, count: number, last: EscapedRecord['last']): void {
    const before = this.pending.get(id);
    this.pending.set(id, { count: (before?.count ?? 0) + count, last });
    if (!before) this.writes.push(id);
  }

  private async write(ids: readonly string[]): Promise<void> {
    const items = ids.map((id): EscapedItem => {
      const { count, last } = this.pending.get(id)!;
      this.pending.delete(id);
      return { id, count, last: JSON.stringify(last) };
    });
    try {
      await this.deps.retry.until(() => this.deps.tasks.noteEscaped(items));
    } catch (error) {
      this.deps.log.warn({ err: error, tasks: items.length }, 'errors that nobody caught could not be kept');
    }
  }

  private tell(kind: EscapedKind, err: ErrorDetails, culprits: readonly Culprit[], ends: 'worker' | 'child'): void {
    const now = this.deps.clock.now();
    if (now - this.second.from >= SECOND_MS) {
      if (this.second.dropped > 0)
        this.deps.log.error({ more: this.second.dropped }, 'more errors that nobody caught, not logged one by one');
      this.second = { from: now, lines: 0, dropped: 0 };
    }
    this.second.lines += 1;
    if (this.second.lines > MAX_LINES) {
      this.second.dropped += 1;
      return;
    }
    const [first, ...others] = culprits;
    const whose = first && {
      ...{ task: first.id, contract: first.name, attempt: first.attempt },
      ...(others.length > 0 && { batch: culprits.length }),
    };
    this.deps.log.error({ ...whose, kind, err }, TEXT[kind](ends));
  }
}

const TEXT: Readonly<Record<EscapedKind, (ends: 'worker' | 'child') => string>> = {
  rejection: () => 'a promise was rejected that nobody awaits',
  exception: (ends) => `an error was thrown that nobody caught: this ${ends} finishes what runs, and ends`,
};
