import { type LiveTask, MAX_LIVE_TASKS } from '@lovage/http-api';
import type { Clock, LiveReads, TaskFilter, WatchedTask } from '@lovage/ports';
import type { TaskState } from '@lovage/task';
import type { LiveEvent, LiveSource } from './live-source.ts';

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
 * The newest tasks of a filter, compared from read to read. So nothing depends on the order in which changes are committed, and a
 * read costs the same however many tasks change.
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
    const left = await this.leftOf(missing, revision);
    const changed =
      this.revision === 0 || left.length > 0 || [...now.values()].some((seen) => seen.revision === revision);
    this.newest = now;
    if (!changed) return;
    this.revision = revision;
    this.at = new Date(this.clock.now()).toISOString();
    if (overrun) this.missed = revision - 1;
    this.remember(left, now);
  }

  since(revision: number): LiveEvent | undefined {
    if (revision >= this.revision) return undefined;
    const { at } = this;
    const whole = revision === 0;
    if (!whole && revision <= this.missed)
      return { event: 'tasks', data: { at, whole, items: [], left: [], more: true } };
    const items = [...this.newest.values()].filter((seen) => seen.revision > revision);
    const left = whole ? [] : [...this.left.values()].filter((one) => one.revision > revision);
    const data = {
      at,
      whole,
      items: items.map(({ task, since }) => liveTask(task, !whole && since > revision)),
      left: left.map(({ publicId: id, state }) => ({ id, state })),
      more: false,
    };
    return { event: 'tasks', data };
  }

  /** Of those that are no longer among the newest: who no longer fits. The others were pushed out by newer ones. */
  private async leftOf(missing: readonly Seen[], revision: number): Promise<[string, Left][]> {
    if (missing.length === 0) return [];
    const fits = await this.reads.fits(
      this.filter,
      missing.map(({ task }) => task.id),
    );
    const byId = new Map(fits.map((fit) => [fit.id, fit]));
    return missing.flatMap(({ task }): [string, Left][] => {
      const fit = byId.get(task.id);
      return fit?.fits ? [] : [[task.id, { publicId: publicId(task), state: fit?.state ?? null, revision }]];
    });
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

const publicId = ({ id, wireId }: WatchedTask): string => wireId ?? id;
const timeOf = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

function liveTask(task: WatchedTask, isNew: boolean): LiveTask {
  const { name, state, retries, createdAt, startedAt, finishedAt } = task;
  return {
    ...{ id: publicId(task), name, state, retries },
    createdAt: new Date(createdAt).toISOString(),
    startedAt: timeOf(startedAt),
    finishedAt: timeOf(finishedAt),
    isNew,
  };
}
