import { levelOf, DEFAULT_PRIORITY, PRIORITY_LEVELS } from '@lovage/ports';
import type { PoolKind } from '@lovage/task';
import type { EntryPool, TaskEntry } from '../entry.ts';

/** How many tasks each pool runs at once. */
export type PoolSlots = Readonly<Record<PoolKind, number>>;

/** The slots of one pool, and what waits for one. */
interface PoolQueue {
  size: number;
  taken: number;
  readonly waiting: FairWaiting<TaskEntry>;
}

/** What waits for a slot, by pool: tasks of a full pool hold up no task of another. */
export class Slots {
  private readonly pools: Readonly<Record<PoolKind, PoolQueue>>;
  private readonly all: readonly PoolQueue[];
  private closed = false;

  constructor(slots: PoolSlots) {
    const pool = (size: number): PoolQueue => ({ size, taken: 0, waiting: new FairWaiting() });
    this.pools = { async: pool(slots.async), thread: pool(slots.thread), process: pool(slots.process) };
    this.all = Object.values(this.pools);
  }

  get taken(): number {
    return this.all.reduce((sum, { taken }) => sum + taken, 0);
  }

  get waiting(): number {
    let sum = 0;
    for (const { waiting } of this.all) sum += waiting.size;
    return sum;
  }

  /** How many tasks a pool runs at once. */
  sizeOf(kind: PoolKind): number {
    return this.pools[kind].size;
  }

  /** Those that run in a pool, and those that wait for it. */
  demandOf(kind: PoolKind): number {
    const { taken, waiting } = this.pools[kind];
    return taken + waiting.size;
  }

  /** What exceeds a smaller pool runs on; the next ones wait. */
  resize(kind: PoolKind, size: number): void {
    this.pools[kind].size = size;
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
    if (!this.closed) this.of(entry.pool)?.waiting.add(entry.newTask.queue, entry, entry.urgency);
  }

  /** At most `max`, each in a slot, a batch by one of its tasks: of each queue the most urgent, then those that have waited longest; the queues one after another. */
  fill(max: number): TaskEntry[] {
    const filled: TaskEntry[] = [];
    for (const pool of this.all) {
      const n = Math.min(pool.size - pool.taken, max - filled.length, pool.waiting.size);
      if (n <= 0) continue;
      pool.taken += n;
      pool.waiting.takeInto(filled, n);
    }
    return filled;
  }

  /** All of one queue, which no longer wait, a batch by one of its tasks. */
  remove(queue: string): TaskEntry[] {
    return this.all.flatMap(({ waiting }) => waiting.remove(queue));
  }

  /** Takes a slot for a task, or a batch by one of it, that was claimed without one. The slots may be exceeded by these few. */
  take(entry: TaskEntry): void {
    const pool = this.of(entry.pool);
    if (pool) pool.taken += 1;
  }

  /** Takes a slot of the entry's pool for one like it, if there is one and nobody waits for it. */
  reserve(entry: TaskEntry): boolean {
    const pool = this.of(entry.pool);
    if (this.closed || !pool || pool.waiting.size > 0 || pool.taken >= pool.size) return false;
    pool.taken += 1;
    return true;
  }

  /** What a slot was reserved for did not come. */
  freeReserved(entry: TaskEntry): void {
    const pool = this.of(entry.pool);
    if (pool) pool.taken -= 1;
  }

  /** Of a batch the last one frees the slot. */
  free(entry: TaskEntry): void {
    const pool = this.of(entry.pool);
    const { batch } = entry;
    batch?.remove(entry);
    if (pool && (!batch || batch.isEmpty)) pool.taken -= 1;
  }

  /** Nothing waits from here on, and no slot is reserved. */
  close(): void {
    this.closed = true;
    for (const { waiting } of this.all) waiting.clear();
  }

  /** In quarantine a task takes no slot: it has a place in a child. */
  private of(pool: EntryPool): PoolQueue | undefined {
    return pool === 'quarantine' ? undefined : this.pools[pool];
  }
}

/**
 * What waits for a free slot: of each queue the most urgent first, else in the order it came; the queues one after another. A queue that is
 * flooded fills its own prefetch and no more slots than its share, whatever arrived first; a queue that is alone gets them all.
 */
export class FairWaiting<T> {
  private readonly byQueue = new Map<string, UrgentFirst<T>>();
  /** Queues with something waiting; the first is next. */
  private readonly rotation = new Fifo<string>();
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** @param priority 0 to 9 */
  add(queue: string, item: T, priority = DEFAULT_PRIORITY): void {
    let waiting = this.byQueue.get(queue);
    if (!waiting) this.byQueue.set(queue, (waiting = new UrgentFirst()));
    if (waiting.size === 0) this.rotation.push(queue);
    waiting.push(item, priority);
    this.count += 1;
  }

  /** At most so many, one of each queue one after another; the next call goes on where this one ended. */
  take(most: number): T[] {
    const taken: T[] = [];
    this.takeInto(taken, most);
    return taken;
  }

  /** The same, at the end of a list. */
  takeInto(taken: T[], most: number): void {
    for (let left = Math.min(most, this.count); left > 0; left -= 1) {
      const queue = this.rotation.shift();
      const waiting = this.byQueue.get(queue)!;
      taken.push(waiting.shift());
      if (waiting.size > 0) this.rotation.push(queue);
      this.count -= 1;
    }
  }

  /** All of one queue, which no longer wait. */
  remove(queue: string): T[] {
    const waiting = this.byQueue.get(queue);
    if (!waiting || waiting.size === 0) return [];
    const items: T[] = [];
    while (waiting.size > 0) items.push(waiting.shift());
    this.count -= items.length;
    for (let n = this.rotation.size; n > 0; n -= 1) {
      const next = this.rotation.shift();
      if (next !== queue) this.rotation.push(next);
    }
    return items;
  }

  clear(): void {
    this.byQueue.clear();
    while (this.rotation.size > 0) this.rotation.shift();
    this.count = 0;
  }
}

/** The priorities of each level, in the order of `PRIORITY_LEVELS`, the most urgent first. */
const LEVELS: readonly (readonly number[])[] = PRIORITY_LEVELS.map((level) =>
  [9, 8, 7, 6, 5, 4, 3, 2, 1, 0].filter((priority) => levelOf(priority) === level),
);

/**
 * What waits of one queue. The high level goes before the normal one, that before the low one, and in a level the higher number;
 * of the same number what came first. A lower level is passed over nine times in a row at most before it is next; so is a
 * lower number within its level. Without priorities it is first in, first out.
 */
export class UrgentFirst<T> {
  private readonly ordinary = new Fifo<T>();
  private readonly byPriority = new Map<number, Fifo<T>>([[DEFAULT_PRIORITY, this.ordinary]]);
  private readonly levels = new Ranked();
  private readonly within = LEVELS.map(() => new Ranked());
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** @param priority 0 to 9 */
  push(item: T, priority: number): void {
    let waiting = this.byPriority.get(priority);
    if (!waiting) this.byPriority.set(priority, (waiting = new Fifo()));
    waiting.push(item);
    this.count += 1;
  }

  /** Only when something waits. */
  shift(): T {
    const next = this.ordinary.size === this.count ? this.ordinary : this.pick();
    this.count -= 1;
    return next.shift();
  }

  private pick(): Fifo<T> {
    const waits = (priority: number) => (this.byPriority.get(priority)?.size ?? 0) > 0;
    const waiting = LEVELS.map((priorities) => priorities.filter(waits));
    const levels = [...waiting.keys()].filter((level) => waiting[level]!.length > 0);
    const level = this.levels.pick(levels);
    const ranks = waiting[level]!.map((priority) => 9 - priority);
    return this.byPriority.get(9 - this.within[level]!.pick(ranks))!;
  }
}

/** So often what waits may be passed over by what is preferred; then it is next. */
export const PATIENCE = 9;

/** Picks which of several ranks that wait is next: the lowest number first, but none is passed over for ever. */
class Ranked {
  private readonly passedOver: number[] = [];

  /** @param waiting the ranks with something waiting, rising; at least one. */
  pick(waiting: readonly number[]): number {
    const { passedOver } = this;
    const next = waiting.find((rank) => (passedOver[rank] ?? 0) >= PATIENCE) ?? waiting[0]!;
    for (const rank of waiting) if (rank > next) passedOver[rank] = (passedOver[rank] ?? 0) + 1;
    passedOver[next] = 0;
    return next;
  }
}

/** First in, first out, in constant time. */
class Fifo<T> {
  private items: (T | undefined)[] = [];
  private head = 0;

  get size(): number {
    return this.items.length - this.head;
  }

  push(item: T): void {
    this.items.push(item);
  }

  shift(): T {
    const item = this.items[this.head]!;
    // So that the collector may have it at once.
    this.items[this.head] = undefined;
    this.head += 1;
    if (this.head === this.items.length) {
      this.items.length = 0;
      this.head = 0;
    } else if (this.head >= 64 && this.head * 2 >= this.items.length) {
      // The places of what is gone are cut off together, once they are half of the whole.
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }
}
