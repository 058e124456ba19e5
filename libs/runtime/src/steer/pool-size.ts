import type { PoolKind } from '@lovage/task';
import type { Slots } from '../claim/waiting.ts';
import type { Pools } from '../pools/pools.ts';

/** Most tasks at a time, of the event loop, and of children. */
const MOST: Readonly<Record<PoolKind, number>> = { async: 10_000, thread: 1000, process: 1000 };

export interface PoolSizeDeps {
  readonly kind: PoolKind;
  readonly slots: Pick<Slots, 'sizeOf' | 'demandOf' | 'resize'>;
  readonly pools: Pick<Pools, 'resize' | 'restart' | 'pids'>;
  /** More or fewer tasks may run at once by so many: messages are held accordingly. */
  readonly onResized: (by: number) => Promise<void>;
}

/** The pool that a worker's size is told by: that of its contracts, and of its children or its event loop. */
export class PoolSize {
  readonly kind: PoolKind;
  readonly most: number;

  constructor(private readonly deps: PoolSizeDeps) {
    this.kind = deps.kind;
    this.most = MOST[deps.kind];
  }

  /** Tasks that may run at once. */
  get size(): number {
    return this.deps.slots.sizeOf(this.kind);
  }

  /** Tasks that run or wait for a slot here. */
  get demand(): number {
    return this.deps.slots.demandOf(this.kind);
  }

  /** Of its children that are there; the worker's own where it has none. */
  get pids(): readonly number[] {
    return this.deps.pools.pids(this.kind);
  }

  /**
   * Takes effect at once; what runs goes on. @throws RangeError
   */
  async resize(size: number): Promise<void> {
    if (!Number.isInteger(size) || size < 1 || size > this.most)
      throw new RangeError(`${size} is no size of the pool ${this.kind}: it is a whole number from 1 to ${this.most}`);
    const { slots, pools, onResized } = this.deps;
    const by = size - this.size;
    if (by === 0) return;
    slots.resize(this.kind, size);
    pools.resize(this.kind, size);
    await onResized(by);
  }

  /** Replaces children, each once it has nothing to do. False: there are none in this pool. */
  restart(): boolean {
    return this.deps.pools.restart();
  }
}
