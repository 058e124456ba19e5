import type { CompiledBatch } from '@lovage/task';

/** What a batch gathers: each knows the batch that it is in. */
export interface GatheredMember<T extends GatheredMember<T>> {
  joinBatch(batch: Batch<T>): void;
  leaveBatch(): void;
}

/**
 * Tasks of one contract and queue for one call of its handler, which take one slot together. It gathers until it is claimed, also
 * while it waits for a slot; from then on it only loses members: those that are not granted, and those that have ended.
 */
export class Batch<T extends GatheredMember<T>> {
  private readonly of = new Set<T>();
  private closed = false;

  constructor(private readonly options: CompiledBatch) {}

  get members(): T[] {
    return [...this.of];
  }

  get isEmpty(): boolean {
    return this.of.size === 0;
  }

  get isFull(): boolean {
    return this.of.size >= this.options.size;
  }

  /** Whether another may join. */
  get isOpen(): boolean {
    return !this.closed && !this.isFull;
  }

  add(member: T): void {
    this.of.add(member);
    member.joinBatch(this);
  }

  remove(member: T): void {
    this.of.delete(member);
    member.leaveBatch();
  }

  /** Its members are being claimed: no other joins them. */
  close(): T[] {
    this.closed = true;
    return this.members;
  }

  /** All of them, which are no longer of a batch. */
  dissolve(): T[] {
    this.closed = true;
    const members = this.members;
    for (const member of members) this.remove(member);
    return members;
  }
}
