import { StoreUnavailableError, type Clock, type Log, type TaskEvents, type TaskLogLine } from '@lovage/ports';
import { type Follower, isEnd, type TaskEvent } from './follower.ts';

/** Between two looks at a task that has just changed, ms. */
const SOON_MS = 100;
/** The same for one that has not changed for long, ms. */
const SELDOM_MS = 1_000;
/** The pause grows with the time since the last change: a change is seen late by at most this part of it. */
const LATENESS = 1 / 20;
/** Tasks of one query. */
const AT_ONCE = 1_000;
const LINES_AT_ONCE = 500;

/** What a subscriber gets. */
export interface Listener {
  onEvents(events: readonly TaskEvent[]): void;
  /** The task has ended, or its row is gone: nothing follows. */
  onEnd(): void;
}

interface Watched {
  readonly id: string;
  readonly listeners: Map<Listener, Follower>;
  changedAt: number;
  dueAt: number;
}

/**
 * The one source of task events in this process. However many follow, each look is one query, for all tasks that are due,
 * of numbers that tell what has changed; only what has is read. It asks the rows and so needs nothing of workers, whose
 * path stays as it is (docs/decisions/0102). Nothing runs while nobody follows.
 */
export class TaskFeed {
  private readonly watched = new Map<string, Watched>();
  private off: (() => void) | undefined;
  private looking = false;

  constructor(
    private readonly events: TaskEvents,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** Tasks followed. */
  get size(): number {
    return this.watched.size;
  }

  /** Calls the listener from now on, until the task ends or the returned function is called. */
  follow(id: string, follower: Follower, listener: Listener): () => void {
    let task = this.watched.get(id);
    const now = this.clock.monotonic();
    if (!task) this.watched.set(id, (task = { id, listeners: new Map(), changedAt: now, dueAt: now }));
    task.listeners.set(listener, follower);
    task.dueAt = now;
    this.plan(0);
    return () => {
      if (!task.listeners.delete(listener)) return;
      if (task.listeners.size === 0 && this.watched.get(id) === task) this.watched.delete(id);
    };
  }

  private plan(ms: number): void {
    if (this.looking || this.watched.size === 0) return;
    this.off?.();
    this.off = this.clock.after(ms, () => void this.look());
  }

  private async look(): Promise<void> {
    this.looking = true;
    const now = this.clock.monotonic();
    const due = [...this.watched.values()].filter((task) => task.dueAt <= now).slice(0, AT_ONCE);
    try {
      if (due.length > 0) await this.lookAt(due);
    } catch (error) {
      // Streams stay open: what happens meanwhile is in the rows when Postgres is back.
      const level = error instanceof StoreUnavailableError ? 'debug' : 'error';
      this.log[level]({ err: error, tasks: due.length }, 'tasks that are followed could not be looked at; tried again');
    }
    const later = this.clock.monotonic();
    for (const task of due)
      task.dueAt = later + Math.min(SELDOM_MS, Math.max(SOON_MS, (later - task.changedAt) * LATENESS));
    this.looking = false;
    this.plan(SOON_MS);
  }

  private async lookAt(due: readonly Watched[]): Promise<void> {
    const versions = await this.events.versions(due.map(({ id }) => id));
    const byId = new Map(versions.map((found) => [found.id, found]));
    for (const task of due) {
      const found = byId.get(task.id);
      if (!found) this.end(task);
      else if ([...task.listeners.values()].some((follower) => follower.wants(found.version, found.lastLogNo)))
        await this.tell(task);
    }
  }

  private async tell(task: Watched): Promise<void> {
    task.changedAt = this.clock.monotonic();
    const snapshot = await this.events.snapshot(task.id);
    if (!snapshot) return this.end(task);
    // After the row: then the lines of a task found ended are all there.
    const lines = await readLines(
      this.events,
      task.id,
      Math.min(...[...task.listeners.values()].map(({ logNo }) => logNo)),
    );
    for (const [listener, follower] of [...task.listeners]) listener.onEvents([...follower.eventsOf(snapshot, lines)]);
    if (isEnd(snapshot)) this.end(task);
  }

  private end(task: Watched): void {
    if (this.watched.get(task.id) === task) this.watched.delete(task.id);
    const listeners = [...task.listeners.keys()];
    task.listeners.clear();
    for (const listener of listeners) listener.onEnd();
  }
}

/** All lines after that number; a task keeps a bounded number of them. */
export async function readLines(events: TaskEvents, id: string, after: number): Promise<TaskLogLine[]> {
  const lines: TaskLogLine[] = [];
  for (;;) {
    const next = await events.logs(id, { after: lines.at(-1)?.no ?? after, limit: LINES_AT_ONCE });
    lines.push(...next);
    if (next.length < LINES_AT_ONCE) return lines;
  }
}
