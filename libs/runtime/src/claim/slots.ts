import type { PoolKind } from '@lovage/task';
import type { TaskEntry } from '../entry.ts';
import { FairWaiting } from './fair-waiting.ts';

/** How many tasks each pool runs at once. */
export type PoolSlots = Readonly<Record<PoolKind, number>>;

/** The slots of one pool, and what waits for one. */
interface Lane {
  readonly size: number;
  taken: number;
  readonly waiting: FairWaiting<TaskEntry>;
}

/** What waits to be claimed, by pool: tasks of a full pool hold up no task of another. */
export class Slots {
  private readonly lanes: Readonly<Record<PoolKind, Lane>>;
  private readonly all: readonly Lane[];

  constructor(slots: PoolSlots) {
    const lane = (size: number): Lane => ({ size, taken: 0, waiting: new FairWaiting() });
    this.lanes = { async: lane(slots.async), thread: lane(slots.thread), process: lane(slots.process) };
    this.all = Object.values(this.lanes);
  }

  get taken(): number {
    return this.all.reduce((sum, { taken }) => sum + taken, 0);
  }

  get waiting(): number {
    return this.all.reduce((sum, { waiting }) => sum + waiting.size, 0);
  }

  /** How many of those that wait could be run, a batch counted as one. */
  get runnable(): number {
    return this.all.reduce(
      (sum, { size, taken, waiting }) => sum + Math.max(0, Math.min(size - taken, waiting.size)),
      0,
    );
  }

  /** A batch waits by one of its tasks. */
  wait(entry: TaskEntry): void {
    this.of(entry)?.waiting.add(entry.facts.queue, entry, entry.urgency);
  }

  /** At most `max`, each in a slot, a batch by one of its tasks: of each queue the most urgent, then those that have waited longest; the queues in turn. */
  fill(max: number): TaskEntry[] {
    const filled: TaskEntry[] = [];
    for (const lane of this.all) {
      const n = Math.min(lane.size - lane.taken, max - filled.length, lane.waiting.size);
      if (n <= 0) continue;
      lane.taken += n;
      filled.push(...lane.waiting.take(n));
    }
    return filled;
  }

  /** All of one queue, which no longer wait, a batch by one of its tasks. */
  withdraw(queue: string): TaskEntry[] {
    return this.all.flatMap(({ waiting }) => waiting.withdraw(queue));
  }

  /** The slots may be exceeded by these few. */
  take(entry: TaskEntry): void {
    const lane = this.of(entry);
    if (lane) lane.taken += 1;
  }

  /** Takes a slot of the entry's pool for one like it, if there is one and nobody waits for it. */
  reserve(entry: TaskEntry): boolean {
    const lane = this.of(entry);
    if (!lane || lane.waiting.size > 0 || lane.taken >= lane.size) return false;
    lane.taken += 1;
    return true;
  }

  freeReserved(entry: TaskEntry): void {
    const lane = this.of(entry);
    if (lane) lane.taken -= 1;
  }

  /** Of a batch the last one frees the slot. */
  free(entry: TaskEntry): void {
    const lane = this.of(entry);
    const { batch } = entry;
    batch?.remove(entry);
    if (lane && (!batch || batch.isEmpty)) lane.taken -= 1;
  }

  clear(): void {
    for (const { waiting } of this.all) waiting.clear();
  }

  /** In quarantine a task takes no slot: it has a child of its own. */
  private of({ lane }: TaskEntry): Lane | undefined {
    return lane === 'quarantine' ? undefined : this.lanes[lane];
  }
}
