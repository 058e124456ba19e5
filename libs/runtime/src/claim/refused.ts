import type { Clock, FinalItem, Log, TaskRow, ClaimState, TaskStore, WorkerLease } from '@lovage/ports';
import { isTerminal } from '@lovage/task';
import type { TaskEntry } from '../entry.ts';
import type { Replies } from '../record/settler.ts';
import { writeEach, type StoreRetry } from '../store-retry.ts';
import { Batch } from './batch.ts';
import type { ClaimNumbers, ClaimOutcome } from './claimer.ts';
import type { Slots } from './waiting.ts';

export interface RefusedDeps {
  /** Of the worker. */
  readonly name: string;
  readonly tasks: Pick<
    TaskStore,
    'claimStates' | 'endUnclaimed' | 'get' | 'passed' | 'postpone' | 'takeOver' | 'recordFinal'
  >;
  readonly lease: Pick<WorkerLease, 'id'>;
  readonly retry: StoreRetry;
  readonly numbers: ClaimNumbers;
  readonly slots: Pick<Slots, 'take'>;
  readonly replies: Pick<Replies, 'repeated' | 'ended'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Suspects are left to the quarantine; else they are claimed like all others. */
  readonly quarantines: boolean;
}

/** What is to become of a task whose claim was not granted. */
export type ClaimDecision =
  /** Nothing speaks against the claim any more: it is to be asked for again, a little later. */
  | { readonly kind: 'retry'; readonly entry: TaskEntry }
  /** A suspect, which the quarantine claims. */
  | { readonly kind: 'suspect'; readonly entry: TaskEntry; readonly row: TaskRow }
  /** Its claim, or those of a batch, have become ours; it is not run here; Postgres refuses a value of it. */
  | Exclude<ClaimOutcome, { kind: 'refused' }>;

/** Before a claim that nothing speaks against is asked for again, ms: mostly our own lease is being renewed meanwhile. */
const RETRY_MS = 50;
const LONGEST_RETRY_MS = 5000;

/** The pause before a claim is asked for again that was refused so often although nothing spoke against it, ms. */
export function pauseBeforeClaim(refusals: number): number {
  return Math.min(RETRY_MS * 2 ** refusals, LONGEST_RETRY_MS);
}

/** Before the next message of a task whose claim by this worker was left over, ms. */
const RELEASE_MS = 1000;

/**
 * Decides about messages whose claim was not granted, by reading their rows. Nothing is acked before the row has said
 * that the task is over, or is guarded by somebody else.
 */
export class RefusedClaims {
  constructor(private readonly deps: RefusedDeps) {}

  /** Gives each decision as soon as it is made. Never throws. */
  async *resolve(entries: readonly TaskEntry[]): AsyncGenerator<ClaimDecision, void> {
    let claimStates: readonly ClaimState[];
    try {
      claimStates = await this.deps.retry.until(() => this.deps.tasks.claimStates(entries.map((entry) => entry.id)));
    } catch (error) {
      for (const entry of entries) yield this.undecided(entry, error);
      return;
    }
    const byId = new Map(claimStates.map((claimState) => [claimState.row.id, claimState]));
    yield* this.decideRowless(entries.filter((entry) => !byId.has(entry.id)));
    const batched: TaskEntry[] = [];
    for (const entry of entries) {
      const claimState = byId.get(entry.id);
      if (!claimState) continue;
      let decision: ClaimDecision;
      try {
        decision = await this.decide(entry, claimState);
      } catch (error) {
        decision = this.undecided(entry, error);
      }
      if (decision.kind === 'granted' && entry.options.batch) {
        batched.push(entry);
        continue;
      }
      if (decision.kind === 'granted') this.deps.slots.take(entry);
      yield decision;
    }
    for (const members of inBatches(batched)) {
      this.deps.slots.take(members[0]!);
      yield { kind: 'batch_granted', entries: members };
    }
  }

  private async decide(entry: TaskEntry, claimState: ClaimState): Promise<ClaimDecision> {
    const { row, claimWorker, claimNo } = claimState;
    if (row.name !== entry.task.name) return this.refuseForeign(entry, row);
    if (isTerminal(row.state)) return this.over(entry, row);
    if (claimWorker === null || claimNo === null) return this.decideUnclaimed(entry, claimState);
    // The sweep guards a living holder: should it die, a new message comes.
    if (claimState.holderAlive && claimWorker !== this.deps.lease.id) return this.drop(entry, 'held by another worker');
    if (claimWorker === this.deps.lease.id) return this.releaseOwn(entry, claimNo);
    // Nor can it run here: the sweep requeues it.
    if (entry.passOn) return this.drop(entry, 'held by a dead worker, and not run here');
    return this.takeOver(entry, { worker: claimWorker, claimNo });
  }

  private async decideUnclaimed(entry: TaskEntry, { row, expired }: ClaimState): Promise<ClaimDecision> {
    const { retry, tasks, quarantines } = this.deps;
    if (row.cancelAt !== null || expired) {
      await retry.until(() => tasks.endUnclaimed(entry.id));
      const ended = await retry.until(() => tasks.get(entry.id));
      return ended && isTerminal(ended.state) ? this.over(entry, ended) : { kind: 'retry', entry };
    }
    const { generation } = entry.task;
    if (generation >= 0 && row.generation > generation)
      return this.drop(entry, 'a later message of the task is the valid one');
    if (quarantines && (row.crashes > 0 || typeof row.quarantineGroup === 'number'))
      return { kind: 'suspect', entry, row };
    // Nothing speaks against it: our own lease had lapsed at that moment, or the row came free in between.
    return { kind: 'retry', entry };
  }

  private async *decideRowless(entries: readonly TaskEntry[]): AsyncGenerator<ClaimDecision, void> {
    if (entries.length === 0) return;
    let expired: ReadonlySet<TaskEntry>;
    try {
      expired = await this.expiredOf(entries.filter(({ task, newTask }) => !task.hasRow && newTask.expiresAt !== null));
    } catch (error) {
      for (const entry of entries) yield this.undecided(entry, error);
      return;
    }
    for (const entry of entries)
      if (entry.task.hasRow) yield this.drop(entry, 'it ran, and its row is past retention');
      else if (!expired.has(entry)) yield { kind: 'retry', entry };
    if (expired.size > 0) yield* await this.endExpired([...expired]);
  }

  /** By Postgres' clock: another worker's, or the producer's, may differ from ours. */
  private async expiredOf(entries: readonly TaskEntry[]): Promise<ReadonlySet<TaskEntry>> {
    if (entries.length === 0) return new Set();
    const times = entries.map(({ newTask }) => newTask.expiresAt!);
    const passed = await this.deps.retry.until(() => this.deps.tasks.passed(times));
    return new Set(entries.filter((_, n) => passed[n]));
  }

  /** They expired before anybody had made rows: those are made as they end. */
  private endExpired(entries: readonly TaskEntry[]): Promise<readonly ClaimDecision[]> {
    const { name: worker, tasks, retry, replies, clock } = this.deps;
    const end = async (part: readonly TaskEntry[]): Promise<readonly ClaimDecision[]> => {
      const items = part.map(({ newTask: task, retries }): FinalItem => ({
        ...{ task, state: 'EXPIRED', retries, worker, result: null, error: null, startedAt: clock.now() },
      }));
      await retry.until(() => tasks.recordFinal(items));
      for (const entry of part) replies.ended(entry, 'EXPIRED', null, null);
      return part.map((entry) => ({ kind: 'leave', entry, message: 'ack', state: 'EXPIRED' }));
    };
    return writeEach(entries, end, (entry, reason) =>
      reason.kind === 'unstorable' ? { ...reason, entry } : this.undecided(entry, reason.error),
    );
  }

  /**
   * A claim of ours that nothing here runs under: what came of it could not be written, or its message was requeued. It is no death of
   * a worker: the claim is released, and the outbox sends the next message after a pause.
   */
  private async releaseOwn(entry: TaskEntry, claimNo: number): Promise<ClaimDecision> {
    const { tasks, lease, retry } = this.deps;
    const limitKey = entry.limits?.concurrency?.key;
    const item = { id: entry.id, claimNo, limitKey, kind: 'release', delayMs: RELEASE_MS, error: null } as const;
    await retry.until(() => tasks.postpone(lease.id, [item]));
    return this.drop(entry, 'its claim by this worker was released');
  }

  private async takeOver(entry: TaskEntry, from: { worker: string; claimNo: number }): Promise<ClaimDecision> {
    const { name, tasks, lease, retry, numbers, quarantines, log } = this.deps;
    const worker = lease.id;
    const claimNo = numbers.next();
    // A rate counts starts, and this would be one past it: the task asks again.
    const release = Boolean(entry.limits?.rate);
    const claim = { id: entry.id, claimNo, from, release, suspects: !quarantines };
    const taken = await retry.until(() => tasks.takeOver({ id: worker, name }, claim));
    // Somebody was faster, or our lease lapsed: the row decides again.
    if (!taken || taken === 'released') return { kind: 'retry', entry };
    if (taken === 'revoked') {
      const row = await retry.until(() => tasks.get(entry.id));
      return row ? this.over(entry, row) : this.drop(entry, 'cancelled, and deleted since');
    }
    log.info({ task: entry.id, from: from.worker, suspected: taken.suspected }, 'took over from a dead worker');
    entry.takeOver(worker, claimNo, taken);
    return { kind: 'granted', entry };
  }

  /** A caller who waits is told (again). */
  private over(entry: TaskEntry, row: TaskRow): ClaimDecision {
    this.deps.replies.repeated(entry, row);
    return { kind: 'leave', entry, message: 'ack', ...(isTerminal(row.state) && { state: row.state }) };
  }

  private drop(entry: TaskEntry, reason: string): ClaimDecision {
    this.deps.log.debug({ task: entry.id, reason }, 'message dropped');
    return { kind: 'leave', entry, message: 'ack' };
  }

  /** The row decides whose id it is, and stays as it is. */
  private refuseForeign(entry: TaskEntry, row: TaskRow): ClaimDecision {
    const fields = { task: entry.task.id, contract: entry.task.name, is: row.name };
    this.deps.log.warn(fields, 'a message carries the id of another task: to the dead letters');
    return { kind: 'leave', entry, message: 'dead_letter' };
  }

  /** Mostly the worker stops while Postgres is away. */
  private undecided(entry: TaskEntry, error: unknown): ClaimDecision {
    this.deps.log.error({ err: error, task: entry.id }, 'a refused claim could not be resolved');
    return this.deps.retry.gaveUp ? { kind: 'leave', entry, message: 'requeue' } : { kind: 'retry', entry };
  }
}

/** Tasks of batch contracts, by contract, each part a {@link Batch} that takes no others. */
function inBatches(entries: readonly TaskEntry[]): TaskEntry[][] {
  const open = new Map<string, Batch<TaskEntry>>();
  const all: Batch<TaskEntry>[] = [];
  for (const entry of entries) {
    let batch = open.get(entry.task.name);
    if (!batch?.isOpen) {
      batch = new Batch(entry.options.batch!);
      open.set(entry.task.name, batch);
      all.push(batch);
    }
    batch.add(entry);
  }
  return all.map((batch) => batch.close());
}
