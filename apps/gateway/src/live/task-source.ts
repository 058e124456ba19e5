import { publicIdOf } from '@lovage/celery';
import { type LiveTask, type LiveTasks, MAX_LIVE_TASKS } from '@lovage/http-api';
import type { Clock, LiveReads, TaskFilter, WatchedTask } from '@lovage/ports';
import type { TaskState } from '@lovage/task';
import type { LiveEvent, LiveSource, WatchedIds } from './live-source.ts';
import { type ReadRow, WatchedRows } from './watched-rows.ts';

const NOBODY: WatchedIds = new Map();

interface Seen {
  readonly task: WatchedTask;
  readonly text: string;
  /** In which it changed last. */
  readonly revision: number;
  /** In which it came among the newest. */
  readonly since: number;
}

interface Left {
  readonly publicId: string;
  readonly state: TaskState | null;
  readonly revision: number;
}

/**
 * The newest tasks of a filter, and those that somebody watches by name, compared from read to read. So nothing depends on the order
 * in which changes are committed, and a read costs the same however many tasks change.
 */
export class TaskSource implements LiveSource {
  readonly topic = 'tasks';
  readonly everyMs = 500;
  revision = 0;
  private newest = new Map<string, Seen>();
  private readonly left = new Map<string, Left>();
  /** Who knows no later revision than this may have missed tasks. */
  private missed = 0;
  private at = '';
  private readonly rows = new WatchedRows();

  constructor(
    private readonly filter: TaskFilter,
    private readonly reads: Pick<LiveReads, 'newest' | 'fits'>,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  async read(): Promise<void> {
    const found = await this.reads.newest(this.filter, MAX_LIVE_TASKS);
    const before = this.newest;
    const revision = this.revision + 1;
    const now = new Map<string, Seen>();
    for (const task of found) {
      const seen = before.get(task.id);
      const text = JSON.stringify(task);
      now.set(task.id, seen?.text === text ? seen : { task, text, revision, since: seen?.since ?? revision });
    }
    // More may have come than are looked at, and those before are out of sight.
    const overrun = before.size > 0 && found.length === MAX_LIVE_TASKS && !found.some(({ id }) => before.has(id));
    const missing = overrun ? [] : [...before.values()].filter(({ task }) => !now.has(task.id));
    const due = this.rows.due((id) => now.has(id));
    const fits = await this.fitsOf([...missing.map(({ task }) => task.id), ...due]);
    const left = leftOf(missing, fits, revision);
    const changed = [
      this.rows.take(due, fits, revision),
      this.revision === 0 || left.length > 0,
      [...now.values()].some((seen) => seen.revision === revision),
    ].includes(true);
    this.newest = now;
    if (!changed) return;
    this.revision = revision;
    this.at = new Date(this.clock.now()).toISOString();
    if (overrun) this.missed = revision - 1;
    this.remember(left, now);
  }

  follow(watched: WatchedIds): () => void {
    return this.rows.follow(watched);
  }

  since(revision: number, watched: WatchedIds = NOBODY): LiveEvent | undefined {
    if (revision >= this.revision) return undefined;
    const whole = revision === 0;
    const more = !whole && revision <= this.missed;
    const items: LiveTask[] = [];
    const left = new Map<string, LiveTasks['left'][number]>();
    if (!more) {
      for (const seen of this.newest.values())
        if (seen.revision > revision) items.push(liveTask(seen.task, !whole && seen.since > revision));
      if (!whole)
        for (const { publicId: id, state, revision: of } of this.left.values())
          if (of > revision) left.set(id, { id, state });
    }
    for (const { id, row } of this.rows.since(revision, watched)) {
      // Among the newest it is told by these; what is kept here may be older.
      if (this.newest.has(id)) continue;
      if (row.task && row.fits) items.push(liveTask(row.task, false));
      else left.set(watched.get(id)!, { id: watched.get(id)!, state: row.task?.state ?? null });
    }
    // Others changed, which this client does not look at.
    if (!whole && !more && items.length === 0 && left.size === 0) return undefined;
    return { event: 'tasks', data: { at: this.at, whole, items, left: [...left.values()], more } };
  }

  private async fitsOf(ids: readonly string[]): Promise<Map<string, ReadRow>> {
    if (ids.length === 0) return new Map();
    const found = await this.reads.fits(this.filter, [...new Set(ids)]);
    return new Map(found.map(({ fits, ...task }) => [task.id, { task, fits }]));
  }

  private remember(left: readonly [string, Left][], now: ReadonlyMap<string, Seen>): void {
    for (const [id, one] of left) {
      this.left.delete(id);
      this.left.set(id, one);
    }
    for (const [id, { revision }] of this.left) {
      if (now.has(id)) this.left.delete(id);
      else if (this.left.size > MAX_LIVE_TASKS) {
        this.left.delete(id);
        this.missed = Math.max(this.missed, revision - 1);
      }
    }
  }
}

/** Of those that are no longer among the newest: who no longer fits. The others were pushed out by newer ones. */
function leftOf(missing: readonly Seen[], fits: ReadonlyMap<string, ReadRow>, revision: number): [string, Left][] {
  return missing.flatMap(({ task }): [string, Left][] => {
    const found = fits.get(task.id);
    return found?.fits ? [] : [[task.id, { publicId: publicIdOf(task), state: found?.task.state ?? null, revision }]];
  });
}

const timeOf = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

function liveTask(task: WatchedTask, isNew: boolean): LiveTask {
  const { name, state, retries, createdAt, startedAt, finishedAt } = task;
  return {
    ...{ id: publicIdOf(task), name, state, retries },
    createdAt: new Date(createdAt).toISOString(),
    startedAt: timeOf(startedAt),
    finishedAt: timeOf(finishedAt),
    isNew,
  };
}
