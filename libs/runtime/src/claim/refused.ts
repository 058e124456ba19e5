import type { Log, TaskRow, TaskSituation, TaskStore, WorkerLease } from '@lovage/ports';
import { isTerminal } from '@lovage/task';
import type { TaskEntry } from '../entry.ts';
import type { StoreRetry } from '../store-retry.ts';
import { Batch } from './batch.ts';
import { grant, type Claimer } from './claimer.ts';

export interface RefusedDeps {
  readonly name: string;
  readonly tasks: TaskStore;
  readonly lease: WorkerLease;
  readonly retry: StoreRetry;
  readonly claimer: Pick<Claimer, 'nextClaimNo' | 'takeSlot'>;
  readonly log: Log;
  /** It is a suspect, which the quarantine claims. Left out: suspects are claimed like all others. */
  readonly onSuspect?: ((entry: TaskEntry, row: TaskRow) => void) | undefined;
  /** Nothing speaks against the claim any more: make it again, a little later. */
  tryAgain(entry: TaskEntry): void;
  onTakenOver(entry: TaskEntry): void;
  /** The same of tasks of one batch contract, at most as many as one call takes. */
  onBatchTakenOver(entries: TaskEntry[]): void;
  /** It is over: tell whoever waits (again), then the message goes. */
  onOver(entry: TaskEntry, row: TaskRow): void;
  /** Its id is that of a task of another name. */
  onForeignId(entry: TaskEntry, row: TaskRow): void;
  /** It expired before anybody had made a row. */
  onExpiredRowless(entry: TaskEntry): void;
  /** Its row could not be asked. */
  onUndecided(entry: TaskEntry, error: unknown): void;
  /** Gone from this worker without having run. */
  onDropped(entry: TaskEntry): void;
}

/** Before the next message of a task whose claim by this worker was left over, ms. */
const RELEASE_MS = 1000;

/**
 * Decides about messages whose claim was not granted, by reading their rows. Nothing is acked before the row has said
 * that the task is over, or is guarded by somebody else.
 */
export class RefusedClaims {
  constructor(private readonly deps: RefusedDeps) {}

  /** Never rejects. */
  async resolve(entries: readonly TaskEntry[]): Promise<void> {
    let situations: readonly TaskSituation[];
    try {
      situations = await this.deps.retry.until(() => this.deps.tasks.situations(entries.map((entry) => entry.id)));
    } catch (error) {
      for (const entry of entries) this.deps.onUndecided(entry, error);
      return;
    }
    const byId = new Map(situations.map((situation) => [situation.row.id, situation]));
    const rowless = entries.filter((entry) => !byId.has(entry.id));
    if (rowless.length > 0) await this.decideWithoutRows(rowless);
    const taken: TaskEntry[] = [];
    for (const entry of entries) {
      const situation = byId.get(entry.id);
      if (!situation) continue;
      try {
        await this.decide(entry, situation, taken);
      } catch (error) {
        this.deps.onUndecided(entry, error);
      }
    }
    for (const batch of inBatches(taken)) {
      this.deps.claimer.takeSlot(batch[0]!);
      this.deps.onBatchTakenOver(batch);
    }
  }

  /** @param taken gets those taken over whose handler takes many at once. */
  private async decide(entry: TaskEntry, situation: TaskSituation, taken: TaskEntry[]): Promise<void> {
    const { row, claimWorker, claimNo } = situation;
    if (row.name !== entry.task.name) return this.deps.onForeignId(entry, row);
    if (isTerminal(row.state)) return this.deps.onOver(entry, row);
    if (claimWorker === null || claimNo === null) return this.decideUnclaimed(entry, situation);
    // The sweep guards a living holder: should it die, a new message comes.
    if (situation.holderAlive && claimWorker !== this.deps.lease.id) return this.drop(entry, 'held by another worker');
    if (claimWorker === this.deps.lease.id) return this.releaseOwn(entry, claimNo);
    // Nor can it run here: the sweep gives it back.
    if (entry.passOn) return this.drop(entry, 'held by a dead worker, and not run here');
    if (!(await this.takeOver(entry, row, { worker: claimWorker, claimNo }))) return;
    if (entry.options.batch) return void taken.push(entry);
    this.deps.claimer.takeSlot(entry);
    this.deps.onTakenOver(entry);
  }

  private async decideUnclaimed(entry: TaskEntry, { row, expired }: TaskSituation): Promise<void> {
    if (row.cancelAt !== null || expired) {
      await this.deps.retry.until(() => this.deps.tasks.endUnclaimed(entry.id));
      const ended = await this.deps.retry.until(() => this.deps.tasks.get(entry.id));
      if (ended && isTerminal(ended.state)) return this.deps.onOver(entry, ended);
      return this.deps.tryAgain(entry);
    }
    const { turn } = entry.task;
    if (turn >= 0 && row.turn > turn) return this.drop(entry, 'a later message of the task is the valid one');
    const { onSuspect } = this.deps;
    if (onSuspect && (row.crashes > 0 || typeof row.quarantineGroup === 'number')) return onSuspect(entry, row);
    // Nothing speaks against it: our own lease had lapsed at that moment, or the row came free in between.
    this.deps.tryAgain(entry);
  }

  private async decideWithoutRows(entries: readonly TaskEntry[]): Promise<void> {
    let expired: ReadonlySet<TaskEntry>;
    try {
      expired = await this.expiredOf(entries.filter(({ task, facts }) => !task.hasRow && facts.expiresAt !== null));
    } catch (error) {
      for (const entry of entries) this.deps.onUndecided(entry, error);
      return;
    }
    for (const entry of entries) {
      if (entry.task.hasRow) this.drop(entry, 'it ran, and its row is past retention');
      else if (expired.has(entry)) this.deps.onExpiredRowless(entry);
      else this.deps.tryAgain(entry);
    }
  }

  /** By Postgres' clock: another worker's, or the producer's, may differ from ours. */
  private async expiredOf(entries: readonly TaskEntry[]): Promise<ReadonlySet<TaskEntry>> {
    if (entries.length === 0) return new Set();
    const times = entries.map(({ facts }) => facts.expiresAt!);
    const passed = await this.deps.retry.until(() => this.deps.tasks.passed(times));
    return new Set(entries.filter((_, n) => passed[n]));
  }

  /**
   * A claim of ours that nothing here runs under: what came of it could not be written, or its message went back. It is no death of
   * a worker: the claim is released, and the outbox sends the next message after a pause.
   */
  private async releaseOwn(entry: TaskEntry, claimNo: number): Promise<void> {
    const { tasks, lease, retry } = this.deps;
    const limitKey = entry.limits?.concurrency?.key;
    const item = { id: entry.id, claimNo, limitKey, kind: 'release', delayMs: RELEASE_MS, error: null } as const;
    await retry.until(() => tasks.postpone(lease.id, [item]));
    this.drop(entry, 'its claim by this worker was released');
  }

  /** Whether it is ours now, and to be run. */
  private async takeOver(entry: TaskEntry, row: TaskRow, from: { worker: string; claimNo: number }): Promise<boolean> {
    const worker = this.deps.lease.id;
    // A rate counts starts, and this would be one past it: the task asks again.
    const release = Boolean(entry.limits?.rate);
    const claim = {
      id: entry.id,
      claimNo: this.deps.claimer.nextClaimNo(),
      from,
      release,
      suspects: !this.deps.onSuspect,
    };
    const taken = await this.deps.retry.until(() =>
      this.deps.tasks.takeOver({ id: worker, name: this.deps.name }, claim),
    );
    // Somebody was faster, or our lease lapsed: the row decides again.
    if (!taken || taken === 'released') {
      this.deps.tryAgain(entry);
      return false;
    }
    if (taken === 'revoked') {
      const ended = await this.deps.retry.until(() => this.deps.tasks.get(entry.id));
      if (ended) this.deps.onOver(entry, ended);
      else this.drop(entry, 'called off, and deleted since');
      return false;
    }
    this.deps.log.info(
      { task: entry.id, from: from.worker, suspected: taken.suspected },
      'took over from a dead worker',
    );
    entry.worker = worker;
    entry.claimNo = claim.claimNo;
    grant(entry, taken);
    return true;
  }

  private drop(entry: TaskEntry, why: string): void {
    this.deps.log.debug({ task: entry.id, why }, 'message dropped');
    entry.ack();
    this.deps.onDropped(entry);
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
