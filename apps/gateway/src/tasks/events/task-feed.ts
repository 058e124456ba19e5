import { StoreUnavailableError, type Clock, type Log, type TaskEvents } from '@lovage/ports';
import { type Follower, isEnd, type FollowedEvent } from './follower.ts';

/** Between two looks at a task that has just changed, ms. */
const SOON_MS = 100;
/** The same for one that has not changed for long, ms. */
const SELDOM_MS = 1_000;
/** The pause grows with the time since the last change: a change is seen late by at most this part of it. */
const LATENESS = 1 / 20;
/** Tasks of one query. */
const AT_ONCE = 1_000;
/** Log lines that a listener is given at once: of up to 16 KiB each. */
const LINES_AT_ONCE = 25;

/** What a subscriber gets. */
export interface Listener {
  /** Not ready: nothing is read for it until it is woken. What it misses meanwhile is in the rows. */
  readonly ready: boolean;
  onEvents(events: readonly FollowedEvent[]): void;
  /** The task has ended and the listener was told all of it, or its row is gone: nothing follows. */
  onEnd(): void;
}

/** A listener's place at a task. */
export interface Following {
  /** The listener is ready again. */
  wake(): void;
  stop(): void;
}

interface Watched {
  readonly id: string;
  readonly listeners: Map<Listener, Follower>;
  changedAt: number;
  /** Infinity: it is looked at now. */
  dueAt: number;
}

/**
 * The one source of task events in this process. However many follow, each look is one query, for all tasks that are due,
 * of numbers that tell what has changed; only what has is read. It asks the rows and so needs nothing of workers, whose
 * path stays as it is (docs/decisions/0102). It keeps nothing for listeners that are slow: each goes on from its own
 * position when it is ready (docs/decisions/0270). Nothing runs while nobody follows.
 */
export class TaskFeed {
  private readonly watched = new Map<string, Watched>();
  private cancelLook: (() => void) | undefined;
  private looking = false;
  /** Somebody came, or became ready, during a look. */
  private hurried = false;

  constructor(
    private readonly events: TaskEvents,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** Tasks followed. */
  get size(): number {
    return this.watched.size;
  }

  /** Tells the listener what the follower does not know yet, and all that happens, until the task ends or it is stopped. */
  follow(id: string, follower: Follower, listener: Listener): Following {
    let task = this.watched.get(id);
    const now = this.clock.monotonic();
    if (!task) this.watched.set(id, (task = { id, listeners: new Map(), changedAt: now, dueAt: now }));
    task.listeners.set(listener, follower);
    this.hurry(task);
    return {
      wake: () => {
        if (task.listeners.has(listener)) this.hurry(task);
      },
      stop: () => {
        if (!task.listeners.delete(listener)) return;
        if (task.listeners.size === 0 && this.watched.get(id) === task) this.watched.delete(id);
      },
    };
  }

  private hurry(task: Watched): void {
    task.dueAt = this.clock.monotonic();
    this.hurried = true;
    this.plan(0);
  }

  private plan(ms: number): void {
    if (this.looking || this.watched.size === 0) return;
    this.cancelLook?.();
    this.cancelLook = this.clock.after(ms, () => void this.look());
  }

  private async look(): Promise<void> {
    this.looking = true;
    this.hurried = false;
    const now = this.clock.monotonic();
    const due = [...this.watched.values()].filter((task) => task.dueAt <= now).slice(0, AT_ONCE);
    for (const task of due) task.dueAt = Infinity;
    try {
      if (due.length > 0) await this.lookAt(due);
    } catch (error) {
      // Streams stay open: what happens meanwhile is in the rows when Postgres is back.
      const level = error instanceof StoreUnavailableError ? 'debug' : 'error';
      this.log[level]({ err: error, tasks: due.length }, 'tasks that are followed could not be looked at; tried again');
    }
    const later = this.clock.monotonic();
    for (const task of due)
      if (task.dueAt === Infinity)
        task.dueAt = later + Math.min(SELDOM_MS, Math.max(SOON_MS, (later - task.changedAt) * LATENESS));
    this.looking = false;
    this.plan(this.hurried ? 0 : SOON_MS);
  }

  private async lookAt(due: readonly Watched[]): Promise<void> {
    const versions = await this.events.versions(due.map(({ id }) => id));
    const byId = new Map(versions.map((found) => [found.id, found]));
    for (const task of due) {
      const found = byId.get(task.id);
      if (!found) this.end(task);
      else if (readyOf(task).some(([, follower]) => follower.wants(found.version, found.lastLogNo)))
        await this.tell(task);
    }
  }

  private async tell(task: Watched): Promise<void> {
    task.changedAt = this.clock.monotonic();
    const snapshot = await this.events.snapshot(task.id);
    if (!snapshot) return this.end(task);
    for (;;) {
      const ready = readyOf(task);
      if (ready.length === 0) return;
      // After the row: then the lines of a task found ended are all there.
      const after = Math.min(...ready.map(([, follower]) => follower.logNo));
      const lines = await this.events.logs(task.id, { after, limit: LINES_AT_ONCE });
      const complete = lines.length < LINES_AT_ONCE;
      for (const [listener, follower] of ready) {
        if (!task.listeners.has(listener)) continue;
        const told = [...follower.linesOf(lines)];
        if (complete) told.push(...follower.changesOf(snapshot));
        if (told.length > 0) listener.onEvents(told);
        if (complete && isEnd(snapshot)) this.leave(task, listener);
      }
      if (complete) return;
    }
  }

  private end(task: Watched): void {
    for (const listener of [...task.listeners.keys()]) this.leave(task, listener);
  }

  private leave(task: Watched, listener: Listener): void {
    task.listeners.delete(listener);
    if (task.listeners.size === 0 && this.watched.get(task.id) === task) this.watched.delete(task.id);
    listener.onEnd();
  }
}

const readyOf = (task: Watched): [Listener, Follower][] => [...task.listeners].filter(([listener]) => listener.ready);
