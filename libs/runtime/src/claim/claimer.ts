import { hasCode } from '@lovage/foundation';
import type { ClaimedTask, Clock, Log, TaskStore, WorkerLease } from '@lovage/ports';
import type { PoolKind } from '@lovage/task';
import type { TaskEntry } from '../entry.ts';
import type { StoreRetry } from '../store-retry.ts';
import { Gatherer } from './gatherer.ts';
import type { Batch } from './batch.ts';
import type { LimitedClaims } from './limited-claims.ts';
import { Slots, type PoolSlots } from './slots.ts';
import { toItem } from './to-item.ts';

/** Most tasks of one claim: beyond it a larger batch gains little and the first of it would wait longer. */
const MAX_BATCH = 200;
/** A claim of this size gains little by waiting for more. */
const WELL_FILLED = 64;

export interface ClaimerDeps {
  readonly name: string;
  readonly slots: PoolSlots;
  /** Suspects are left to {@link Claimer.claimSuspects}; else they are claimed like all others. */
  readonly quarantines: boolean;
  /** The pool that a task runs in. */
  laneOf(entry: TaskEntry): PoolKind;
  readonly tasks: TaskStore;
  readonly lease: WorkerLease;
  readonly retry: StoreRetry;
  readonly log: Log;
  readonly clock: Clock;
  /** Claims what has limits; without it nothing has. */
  readonly limited: LimitedClaims | undefined;
  /** Ends of attempts are being written at this moment. */
  recording(): boolean;
  /** A slot is taken; run it. */
  onGranted(entry: TaskEntry): void;
  /** The same of a batch, with those of it that were granted. */
  onBatchGranted(entries: TaskEntry[]): void;
  /** Postgres refuses a value of it: no claim will ever be granted. */
  onUnclaimable(entry: TaskEntry, error: Error): void;
  /** A limit says not yet: its row waits, the message is dealt with. */
  onParked(entry: TaskEntry): void;
  /** The row says no; find out why. */
  onRefused(entries: TaskEntry[]): void;
}

/**
 * Claims waiting tasks into free slots, never more: a task that is claimed is running, and what is merely prefetched
 * still belongs to whoever comes first. One claim is under way at a time and takes what has gathered since the last.
 *
 * While ends are being written, a claim waits for that unless it is well filled: so under load both go in step and in
 * larger batches, at a fraction of the cost, and a lone task meets neither wait.
 *
 * Tasks of batch contracts are gathered first; a batch is claimed as a whole and takes one slot.
 *
 * Queues take turns for the slots, so that a flood in one does not keep another from its share.
 */
export class Claimer {
  private readonly slots: Slots;
  private readonly gatherer: Gatherer;
  private claiming = false;
  private pumping: Promise<void> | undefined;
  private scheduled = false;
  private closed = false;
  private claimNo = 0;
  private readonly unclaimable = new Set<TaskEntry>();

  constructor(private readonly deps: ClaimerDeps) {
    this.slots = new Slots(deps.slots);
    this.gatherer = new Gatherer(deps.clock, (urgent) => this.wait(urgent));
  }

  get slotsInUse(): number {
    return this.slots.taken;
  }

  /** Tasks that wait for a slot, a batch counted as one. */
  get waiting(): number {
    return this.slots.waiting;
  }

  add(entry: TaskEntry): void {
    entry.lane = this.deps.laneOf(entry);
    if (entry.options.batch) this.gatherer.add(entry);
    else this.wait(entry);
  }

  /** Looks again for what to claim: the ends of attempts have been written. */
  wake(): void {
    if (this.slots.waiting > 0) this.schedule();
  }

  /** A run has ended, or has left for the quarantine. */
  freeSlot(entry: TaskEntry): void {
    this.slots.free(entry);
    if (this.slots.waiting > 0) this.schedule();
  }

  /** Numbers this process's claims; with the worker's id a number is unique for ever. */
  nextClaimNo(): number {
    this.claimNo += 1;
    return this.claimNo;
  }

  /** Takes a slot for a task, or a batch by one of it, that was taken over outside the ordinary claim. The slots may be exceeded by these few. */
  takeSlot(entry: TaskEntry): void {
    this.slots.take(entry);
  }

  /** Takes a slot for the successor of a task that has ended, if one is free that nobody waits for. */
  reserveSlot(entry: TaskEntry): boolean {
    return !this.closed && this.slots.reserve(entry);
  }

  /** There is no successor. */
  freeReserved(entry: TaskEntry): void {
    this.slots.freeReserved(entry);
    this.wake();
  }

  /** Takes back what waits here of one queue, but what was acked already: nobody else would run that. */
  withdraw(queue: string): TaskEntry[] {
    const [back, acked] = [[] as TaskEntry[], [] as TaskEntry[]];
    const waiting = this.slots.withdraw(queue).flatMap((entry) => entry.batch?.dissolve() ?? entry);
    for (const entry of [...waiting, ...this.gatherer.withdraw(queue)]) (entry.isSettled ? acked : back).push(entry);
    for (const entry of acked) this.add(entry);
    return back;
  }

  /** No further claims; resolves when none is under way. What waits is left to whoever holds the entries. */
  async close(): Promise<void> {
    this.closed = true;
    this.gatherer.clear();
    this.slots.clear();
    await this.pumping;
  }

  private wait(entry: TaskEntry): void {
    this.slots.wait(entry);
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled || this.claiming || this.closed) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.pumping = this.pump();
    });
  }

  private async pump(): Promise<void> {
    if (this.claiming) return;
    this.claiming = true;
    try {
      for (let runnable; !this.closed && (runnable = this.slots.runnable) > 0;) {
        if (runnable < WELL_FILLED && this.deps.recording()) return;
        await this.claim(this.slots.fill(MAX_BATCH));
      }
    } finally {
      this.claiming = false;
    }
  }

  /** @param filled tasks, and batches by one task of each, that have slots. */
  private async claim(filled: TaskEntry[]): Promise<void> {
    const toClaim: TaskEntry[] = [];
    const batches: Batch<TaskEntry>[] = [];
    for (const entry of filled) {
      if (entry.batch) {
        batches.push(entry.batch);
        toClaim.push(...entry.batch.close().filter(hasClaim));
      } else if (hasClaim(entry)) toClaim.push(entry);
      else this.deps.onGranted(entry);
    }
    if (toClaim.length > 0) await this.claimAll(toClaim);
    for (const batch of batches) if (!batch.isEmpty) this.deps.onBatchGranted(batch.members);
  }

  /** Claims suspects, whose places are in the quarantine: they take no slots. */
  async claimSuspects(entries: TaskEntry[]): Promise<void> {
    if (!this.closed) await this.claimAll(entries, true);
  }

  private async claimAll(toClaim: TaskEntry[], suspects = !this.deps.quarantines): Promise<void> {
    const worker = this.deps.lease.id;
    for (const entry of toClaim) {
      entry.worker = worker;
      entry.claimNo = this.nextClaimNo();
    }
    const { limited } = this.deps;
    const [free, held]: [TaskEntry[], TaskEntry[]] = [[], []];
    for (const entry of toClaim) (limited?.concerns(entry) ? held : free).push(entry);
    for (const part of [free, held])
      for (let i = 0; i < part.length; i += MAX_BATCH)
        await this.claimPart(part.slice(i, i + MAX_BATCH), worker, suspects);
  }

  /** Tasks that all have limits, or all have none. */
  private async claimPart(toClaim: TaskEntry[], worker: string, suspects: boolean): Promise<void> {
    const durable = toClaim.some((entry) => entry.options.ack !== 'late');
    const granted = await this.ask(toClaim, worker, { durable, suspects });
    const refused: TaskEntry[] = [];
    for (const entry of toClaim) {
      const claim = granted.get(entry.id);
      if (claim) {
        grant(entry, claim);
        if (!entry.batch) this.deps.onGranted(entry);
      } else {
        this.slots.free(entry);
        if (this.deps.limited?.hasParked(entry)) this.deps.onParked(entry);
        else if (!this.unclaimable.delete(entry)) refused.push(entry);
      }
    }
    if (refused.length > 0) this.deps.onRefused(refused);
  }

  /** What was granted; a value that Postgres refuses costs its own task only. */
  private async ask(
    entries: TaskEntry[],
    worker: string,
    options: { durable: boolean; suspects: boolean },
  ): Promise<Map<string, ClaimedTask>> {
    const { name, tasks, limited } = this.deps;
    const claim = entries[0]!.limits
      ? () => limited!.claim(worker, entries, options)
      : () => tasks.claim({ id: worker, name }, entries.map(toItem), options);
    try {
      const claimed = await this.deps.retry.until(claim);
      return new Map(claimed.map((claim) => [claim.id, claim]));
    } catch (error) {
      // The worker gives up on an absent store: whoever holds the entries gives them back.
      if (!hasCode(error, 'value_refused')) return new Map();
      if (entries.length === 1) {
        this.unclaimable.add(entries[0]!);
        this.deps.onUnclaimable(entries[0]!, error);
        return new Map();
      }
      const granted = new Map<string, ClaimedTask>();
      for (const entry of entries)
        for (const [id, claim] of await this.ask([entry], worker, options)) granted.set(id, claim);
      return granted;
    }
  }
}

/** Without a row until the end there is nothing to claim. */
function hasClaim(entry: TaskEntry): boolean {
  return entry.options.record === 'full' || entry.task.hasRow;
}

/** The claim is in the row. */
export function grant(entry: TaskEntry, { retries, suspected, crashes }: ClaimedTask): void {
  entry.claimed = true;
  entry.retries = retries;
  entry.suspected = suspected;
  entry.crashes = crashes;
}
